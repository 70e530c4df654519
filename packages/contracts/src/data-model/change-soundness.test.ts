import fc from "fast-check";
import { expect, it } from "vitest";
import { checkFields, compileFields } from "../json-schema.ts";
import type { JsonObject } from "../primitives.ts";
import { classifyChange } from "./change.ts";
import { dataModelFieldsSchema } from "./fields.ts";

const small = fc.integer({ min: 0, max: 3 });
const leaf = fc.record(
  {
    type: fc.constantFrom("string", "integer", "number", ["string", "null"], "array", "object"),
    minimum: small,
    maxLength: small,
    maxItems: small,
    enum: fc.uniqueArray(fc.constantFrom("a", "bb", 1, 2.5, null), { minLength: 1 }),
  },
  { requiredKeys: [] },
);
const nested = fc.record(
  {
    properties: fc.dictionary(fc.constantFrom("p", "q"), leaf, { maxKeys: 2 }),
    patternProperties: fc.constant({ "^p": { type: "string" } }),
    additionalProperties: fc.boolean(),
    unevaluatedProperties: fc.boolean(),
    required: fc.subarray(["p", "q"]),
  },
  { requiredKeys: ["properties"] },
);
const shared = { $ref: "#/$defs/x" };
const referring = fc.constantFrom<JsonObject[]>(
  shared,
  { not: shared },
  { oneOf: [shared, { type: "integer" }] },
  { if: shared, else: { type: "string" } },
  { contains: shared, maxContains: 1 },
);
const column = fc.oneof(leaf, nested, referring);

/** Two columns, and which keyword of the first becomes as in the second; or another definition. */
const changes = fc.record({ before: column, other: column, x: leaf, y: leaf, keyword: fc.nat(4), ofX: fc.boolean() });

const values = fc.oneof(
  fc.constantFrom<unknown[]>("a", "bb", "cccc", 0, 2, 2.5, null, [], ["a"], [1, 1]),
  fc.dictionary(fc.constantFrom("p", "q", "r"), fc.constantFrom<unknown[]>("a", 1, "cccc", null), { maxKeys: 3 }),
);

const model = (a: object, x: object) =>
  dataModelFieldsSchema.parse({ type: "object", properties: { id: {}, a }, $defs: { x } });

it("refuses no row that was right before, unless the change is called major", { timeout: 60_000 }, () => {
  let judged = 0;
  fc.assert(
    fc.property(changes, fc.array(values, { minLength: 20, maxLength: 20 }), (change, rows) => {
      const before = new Map<string, unknown>(Object.entries(change.before));
      const after = new Map(before);
      const named = [...new Set([...Object.keys(change.before), ...Object.keys(change.other)])];
      const keyword = named[change.keyword % Math.max(1, named.length)] ?? "";
      after.delete(keyword);
      const value: unknown = Object.entries(change.other).find(([name]) => name === keyword)?.[1];
      if (value !== undefined) after.set(keyword, value);
      const previous = model(Object.fromEntries(before), change.x);
      const next = model(Object.fromEntries(change.ofX ? before : after), change.ofX ? change.y : change.x);
      if (checkFields(previous).length > 0 || checkFields(next).length > 0) return;
      if (classifyChange(previous, next) === "major") return;
      judged += 1;
      const right = rows.map((a) => ({ id: 1, a })).filter((row) => compileFields(previous)(row).ok);
      expect(right.filter((row) => !compileFields(next)(row).ok)).toEqual([]);
    }),
    { numRuns: 1000 },
  );
  expect(judged).toBeGreaterThan(50);
});
