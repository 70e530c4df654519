import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { schemaValidator } from "../browser/row-validator.ts";
import { dataModelFieldsSchema } from "../data-model/fields.ts";
import type { JsonValue } from "../primitives/json-object.ts";
import { compileFields } from "./compile-fields.ts";
import { hasTwice, isAmong, same } from "./same.ts";

/** As many as fit into a request. */
const list = Array.from({ length: 150_000 }, (_, index) => [index]);
const choices = Array.from({ length: 500 }, (_, index) => [index, index]);

describe.each([
  ["server", compileFields],
  ["browser", schemaValidator],
])("a list of 150,000 lists, on the %s", (_where, make) => {
  it.each<[string, { readonly [keyword: string]: JsonValue }]>([
    ["maxItems", { uniqueItems: true, maxItems: 1000 }],
    ["enum", { items: { enum: choices } }],
    ["contains", { contains: { type: "string" } }],
  ])("is judged by %s in the time that it takes to read it", (rule, schema) => {
    const tags = { type: "array", ...schema };
    const fields = dataModelFieldsSchema.parse({ type: "object", properties: { id: { type: "string" }, tags } });
    const result = make(fields)({ id: "a", tags: list });
    const told = result.ok ? [] : result.issues.map((issue) => issue.rule);
    // of contains, the faults of the items come first, and fill the answer
    expect(told).toContain(rule === "contains" ? "type" : rule);
  });
});

describe("values by their texts", () => {
  const numbers = fc.constantFrom<JsonValue>(0, -0, 1, 1e21, 0.1);
  const value: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<JsonValue>(null, true, "", "0", "null", "[]", "__proto__"),
      numbers,
      fc.array(tie("value"), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom("a", "b", "toString"), tie("value"), { maxKeys: 2, noNullPrototype: true }),
    ),
  })).value;

  it("are the same as by comparing each with each", () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 6 }), value, (values, one) => {
        const again = values.some((item, at) => values.slice(0, at).some((other) => same(item, other)));
        expect(hasTwice(undefined, values)).toBe(again);
        expect(isAmong(values, one)).toBe(values.some((item) => same(item, one)));
      }),
      { numRuns: 2000 },
    );
  });
});
