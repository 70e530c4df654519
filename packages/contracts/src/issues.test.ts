import { describe, expect, it } from "vitest";
import { z } from "zod";
import { issuesOf } from "./issues.ts";

const told = (schema: z.ZodType, value: unknown) => issuesOf(schema.safeParse(value).error ?? new z.ZodError([]));

describe("issuesOf", () => {
  it("names field, rule and what must be, in plain words", () => {
    const schema = z.strictObject({ rows: z.array(z.strictObject({ n: z.int() })), kind: z.enum(["a", "b"]) });
    expect(told(schema, { rows: [{ n: 1, m: 2 }], kind: "c" })).toEqual([
      { field: "rows.0.m", rule: "unrecognized_keys", message: "must not be given: there is no such field" },
      { field: "kind", rule: "invalid_value", message: "must be one of a, b" },
    ]);
    expect(told(schema, { rows: {}, kind: "a" })).toEqual([
      { field: "rows", rule: "invalid_type", message: "must be an array" },
    ]);
    expect(told(schema, null)).toEqual([{ field: "", rule: "invalid_type", message: "must be an object" }]);
  });

  it("lets the branch of a union speak that got furthest", () => {
    const schema = z.object({
      part: z.union([z.string(), z.object({ a: z.object({ b: z.int({ error: "must be whole" }) }) })]),
    });
    expect(told(schema, { part: { a: { b: 1.5 } } })).toEqual([
      { field: "part.a.b", rule: "invalid_type", message: "must be whole" },
    ]);
    expect(told(schema, { part: 3 })[0]).toMatchObject({ field: "part", rule: "invalid_union" });
  });

  it("names at most 50", () => {
    expect(told(z.array(z.string()), Array(1000).fill(1))).toHaveLength(50);
  });
});
