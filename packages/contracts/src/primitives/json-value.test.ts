import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectIssue } from "../testing/expect-issue.ts";
import { jsonFault, jsonObjectSchema, jsonValueSchema, storedJsonSchema, storedRowSchema } from "./json-value.ts";

const nested = (depth: number): unknown => JSON.parse("[".repeat(depth) + "]".repeat(depth));

describe("jsonValueSchema", () => {
  it("takes every JSON document that Postgres can store, unchanged", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const storable = !JSON.stringify(value).includes("\\u0000");
        const parsed = jsonValueSchema.safeParse(value);
        expect(parsed.success).toBe(storable);
        expect(parsed.data).toBe(storable ? value : undefined);
      }),
    );
  });

  it("finds a fault wherever it stands, also below what a quick look sees", () => {
    const faulty = fc.constantFrom("\u0000", "\udc00", Number.NaN, undefined, 1n, new Map());
    const place = fc.tuple(fc.nat({ max: 60 }), fc.boolean(), fc.jsonValue({ maxDepth: 2 }), faulty);
    fc.assert(
      fc.property(place, ([depth, inArrays, beside, fault]) => {
        let value: unknown = fault;
        let sound: unknown = 0;
        for (let level = 0; level < depth; level += 1) {
          value = inArrays ? [beside, value] : { beside, value };
          sound = inArrays ? [sound] : { sound };
        }
        const steps: unknown[] = Array(depth).fill(inArrays ? 1 : "value");
        fc.pre(jsonFault(beside) === null);
        expect(jsonFault(value)?.path).toEqual(steps);
        expect(jsonFault(sound)).toBeNull();
        expect(jsonFault(sound, depth)).not.toBeNull();
      }),
    );
  });

  it("takes 64 levels and refuses 65, at the place where it is too deep", () => {
    expect(jsonValueSchema.safeParse(nested(64)).success).toBe(true);
    expectIssue(jsonValueSchema, nested(65), Array(64).fill("0").join("."), /at most|more than 64 levels/);
  });

  it("answers a million levels and a loop instead of overflowing", () => {
    let deep: unknown[] = [];
    for (let level = 0; level < 1_000_000; level += 1) deep = [deep];
    expect(jsonValueSchema.safeParse(deep).success).toBe(false);
    const loop: Record<string, unknown> = {};
    loop["a"] = loop;
    loop["b"] = loop;
    expect(jsonValueSchema.safeParse(loop).success).toBe(false);
    const twins: unknown[] = [];
    twins.push(twins, twins);
    expect(jsonFault(twins, 10_000)?.message).toMatch(/levels deep|at most 1000000 values/);
  });

  it("refuses more values than the limit, also when they are only places", () => {
    expectIssue(jsonValueSchema, Array(600_000).fill(0), "", /at most 1000000 values/);
    expect(jsonFault({ length: 1 })).toBeNull();
    // oxlint-disable-next-line unicorn/no-new-array -- an array of places without values is the case
    expectIssue(jsonValueSchema, new Array(2_000_000_000), "", /at most 1000000 values/);
  });

  it.each([
    [{ a: ["x\u0000y"] }, "a.0", /NUL/],
    [{ "a\u0000": 1 }, "a\u0000", /NUL/],
    [["\ud800"], "0", /surrogate/],
    [{ a: Number.NaN }, "a", /finite/],
    [{ a: Number.POSITIVE_INFINITY }, "a", /finite/],
    [{ a: undefined }, "a", /must be a JSON value: undefined/],
    [{ a: 1n }, "a", /bigint/],
    [{ a: new Date(0) }, "a", /must be a JSON value/],
    [{ a: new Map() }, "a", /must be a JSON value/],
    [{ a: () => 1 }, "a", /function/],
    [undefined, "", /must be a JSON value/],
  ])("refuses %s at %j", (value, path, message) => expectIssue(jsonValueSchema, value, path, message));
});

describe("storedJsonSchema", () => {
  it("takes what a body of 16 KiB can nest", () => {
    expect(storedJsonSchema.safeParse(nested(8_192)).success).toBe(true);
    expect(storedJsonSchema.safeParse(nested(10_001)).success).toBe(false);
  });
});

describe("storedRowSchema", () => {
  it("takes a row with whatever its columns hold, and passes it on as it is", () => {
    const row: unknown = Object.assign(JSON.parse('{"__proto__":1,"b":null}'), { a: nested(8_192) });
    expect(storedRowSchema.parse(row)).toBe(row);
    for (const other of [[], null, "x", 1, undefined, new Date(0)]) {
      expectIssue(storedRowSchema, other, "", /must be a JSON object/);
    }
    expectIssue(storedRowSchema, { a: "\u0000" }, "a", /NUL/);
    expectIssue(storedRowSchema, { a: undefined }, "a", /must be a JSON value/);
  });
});

describe("jsonObjectSchema", () => {
  it("takes objects only, and keeps a key that a copy would lose", () => {
    const value: unknown = JSON.parse('{"__proto__":{"admin":true},"a":1}');
    const parsed = jsonObjectSchema.parse(value);
    expect(parsed).toBe(value);
    expect(Object.keys(parsed)).toContain("__proto__");
    for (const other of [[], null, "x", 1, undefined])
      expectIssue(jsonObjectSchema, other, "", /must be a JSON object/);
  });
});
