import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { definitions } from "../testing/definitions.ts";
import { type DataModelCreate, dataModelCreateSchema } from "../data-model.ts";
import { modelDifferences } from "./differences.ts";

const base = {
  model_name: "books",
  table_name: "books",
  schema_version: "1.0.0",
  fields: {
    type: "object",
    properties: { id: { type: "string" }, title: { type: "string", maxLength: 10 }, user_id: { type: "string" } },
    required: ["id"],
  },
} as const;
const changed = (changes: object): DataModelCreate => dataModelCreateSchema.parse({ ...base, ...changes });
const texts = (after: object, before: object = {}) =>
  modelDifferences(changed(before), changed(after)).map(({ path, kind, text }) => [path, kind, text]);
const withColumns = (properties: object, rest: object = {}) => ({
  fields: { ...base.fields, properties: { ...base.fields.properties, ...properties }, ...rest },
});

describe("the differences of two versions", () => {
  test("name columns that are new or gone, and each keyword that is otherwise", () => {
    expect(texts(withColumns({ pages: { type: "integer" }, title: { type: "string", maxLength: 20 } }))).toEqual([
      ["fields.properties.title.maxLength", "changed", "column title: maxLength was 10, is 20"],
      ["fields.properties.pages", "added", "column pages is new"],
    ]);
    expect(texts({}, withColumns({ pages: { type: "integer" } }))).toEqual([
      ["fields.properties.pages", "removed", "column pages is gone"],
    ]);
    expect(texts(withColumns({ title: { type: "string" } }))).toEqual([
      ["fields.properties.title.maxLength", "removed", "column title: maxLength 10 is gone"],
    ]);
    expect(texts(withColumns({}, { required: ["id", "title"] }))).toEqual([
      ["fields.required", "changed", 'row: required was ["id"], is ["id","title"]'],
    ]);
  });

  test("tell of the table, rules, indexes, relationships and policies", () => {
    const rule = { name: "long", expression: "size(title) > 2", message: "too short" };
    expect(texts({ table_name: "tomes" })).toEqual([["table_name", "changed", "table: name was books, is tomes"]]);
    expect(texts({ validation_rules: [rule] })).toEqual([["validation_rules.long", "added", "rule long is new"]]);
    expect(texts({ validation_rules: [{ ...rule, message: "short" }] }, { validation_rules: [rule] })).toEqual([
      ["validation_rules.long.message", "changed", "rule long: message was too short, is short"],
    ]);
    expect(texts({ indexes: [{ columns: ["title"] }] })).toEqual([
      ["indexes.on title", "added", "index on title is new"],
    ]);
    const policy = { name: "all", command: "select", roles: ["anon"], using: "true" };
    expect(texts({ rls_policies: [policy] }, { rls_policies: { preset: "own-rows" } })).toEqual([
      ["rls_policies.preset", "removed", "policies: preset own-rows is gone"],
      ["rls_policies.all", "added", "policy all is new"],
    ]);
  });

  test("tell indexes without a name apart, also two on one column", () => {
    const plain = { columns: ["title"] };
    const unique = { columns: ["title"], unique: true };
    expect(texts({ indexes: [plain, unique] }, { indexes: [plain] })).toEqual([
      [expect.stringContaining("on title"), "added", expect.stringContaining("unique")],
    ]);
  });

  test("are none for what means the same, and cut what is long", () => {
    expect(texts(withColumns({ title: { maxLength: 10, type: "string" } }))).toEqual([]);
    const [[, , text] = []] = texts(
      withColumns({ title: { type: "string", maxLength: 10, pattern: "a".repeat(500) } }),
    );
    expect(text?.length).toBeLessThan(200);
    expect(text).toMatch(/a…/);
  });

  test("are none between a model and itself, and all of a column that goes, whatever the model", () => {
    const model = definitions.map((definition) => dataModelCreateSchema.parse(definition));
    fc.assert(
      fc.property(model, (one) => {
        expect(modelDifferences(one, structuredClone(one))).toEqual([]);
        const added = { ...one.fields.properties, brand_new: { type: "string" } };
        const more = { ...one, fields: { ...one.fields, properties: added } };
        const path = "fields.properties.brand_new";
        expect(modelDifferences(one, more)).toMatchObject([{ path, kind: "added" }]);
        expect(modelDifferences(more, one)).toMatchObject([{ path, kind: "removed" }]);
      }),
    );
  });
});
