import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  dataModelCreateSchema as create,
  dataModelFilterSchema as filter,
  dataModelKeySchema as key,
  dataModelOutputSchema as output,
  dataModelSchema as row,
  dataModelUpdateSchema as update,
  dataModelVersionSchema as version,
} from "./data-model.ts";
import { issuesOf } from "./issues.ts";
import { dataModelRows } from "./testing/arbitraries.ts";
import { expectIssue, type Rejection, without } from "./testing/expect-issue.ts";

const routes = {
  model_name: "routes",
  table_name: "routes",
  schema_version: "1.0.0",
  fields: {
    type: "object",
    required: ["origin", "destination"],
    "x-primary-key": ["origin", "destination"],
    properties: { origin: { type: "string" }, destination: { type: "string" }, count: { type: "integer", minimum: 0 } },
  },
};
const toAirports = { name: "from_airport", kind: "many-to-one", model: "airports", columns: ["origin"] };
const rule = { name: "far", expression: "origin != destination", message: "must lead elsewhere", fields: ["origin"] };
const policy = { name: "read", command: "select", roles: ["authenticated"], using: "true" };
const stored = {
  ...routes,
  model_id: "0193f2a4-7d1e-7c3a-9b0e-5f6a7b8c9d0e",
  created_at: "2026-11-22T10:00:00+00:00",
  updated_at: "2026-11-22T10:00:00+00:00",
  created_by: "4f9c0f0e-7f6b-4d0e-9a55-0d2f1b7e6a11",
};
const parts = { relationships: null, validation_rules: null, indexes: null, rls_policies: null };

describe("dataModelSchema", () => {
  it("takes every row that the table can hold, and what it made again", () => {
    fc.assert(
      fc.property(dataModelRows, (model) => {
        expect(row.parse(model)).toEqual(model);
      }),
    );
  });

  it("fills in the defaults of data-model.md §4", () => {
    expect(row.parse(stored)).toEqual({ ...stored, ...parts, applied_version: null, is_active: true });
  });

  it.each(Object.keys(stored))("requires %s", (field) => expectIssue(row, without(stored, field), field, /must be/));

  it.each<Rejection>([
    ["the name is an identifier", { model_name: "my model" }, "model_name", /must be an identifier/],
    ["the table is plain", { table_name: "Routes" }, "table_name", /plain lower-case/],
    ["the version is semantic", { schema_version: "1" }, "schema_version", /semantic versioning/],
    [
      "updated not before created",
      { updated_at: "2026-11-22T09:00:00Z" },
      "updated_at",
      /must not be before created_at/,
    ],
    ["a creator", { created_by: "" }, "created_by", /must not be empty/],
    ["active or not", { is_active: "yes" }, "is_active", /must be true or false/],
  ])("holds that %s", (_rule, changes, path, message) => expectIssue(row, { ...stored, ...changes }, path, message));
});

describe("dataModelCreateSchema", () => {
  it("takes a model with every part", () => {
    const model = {
      ...routes,
      relationships: [
        { ...toAirports, on_delete: "restrict" },
        { name: "stops", kind: "one-to-many", model: "stops", columns: ["route_id"], on_delete: "cascade" },
        {
          name: "lines",
          kind: "many-to-many",
          model: "lines",
          through: "runs",
          columns: ["a"],
          target_columns: ["b"],
          on_delete: "no action",
        },
      ],
      validation_rules: [rule],
      indexes: [{ name: "by_count", columns: ["count"], unique: false, method: "brin", where: "count > 0" }],
      rls_policies: [policy],
    };
    expect(create.parse(model)).toEqual(model);
  });

  it("fills in what a part leaves open", () => {
    const model = create.parse({ ...routes, relationships: [toAirports], indexes: [{ columns: ["count"] }] });
    expect(model.relationships).toEqual([{ ...toAirports, on_delete: "no action" }]);
    expect(model.indexes).toEqual([{ columns: ["count"], unique: false, method: "btree" }]);
  });

  it.each<Rejection>([
    [
      "relationships point from columns",
      { relationships: [{ ...toAirports, columns: ["from"] }] },
      "relationships.0.columns.0",
      /reserved word/,
    ],
    [
      "relationships point from known columns",
      { relationships: [{ ...toAirports, columns: ["start"] }] },
      "relationships.0.columns.0",
      /start is none/,
    ],
    [
      "relationships have a kind",
      { relationships: [{ ...toAirports, kind: "some" }] },
      "relationships.0.kind",
      /one-to-many, many-to-one or many-to-many/,
    ],
    [
      "relationships have a known end",
      { relationships: [{ ...toAirports, on_delete: "drop" }] },
      "relationships.0.on_delete",
      /cascade, set null/,
    ],
    [
      "relationships have names of their own",
      { relationships: [toAirports, toAirports] },
      "relationships.1.name",
      /must be unique/,
    ],
    [
      "rules name known columns",
      { validation_rules: [{ ...rule, fields: ["fare"] }] },
      "validation_rules.0.fields.0",
      /fare is none/,
    ],
    [
      "rules have an expression",
      { validation_rules: [{ ...rule, expression: " " }] },
      "validation_rules.0.expression",
      /must not be empty/,
    ],
    [
      "rules are at most 2 KiB",
      { validation_rules: [{ ...rule, expression: "é".repeat(1025) }] },
      "validation_rules.0.expression",
      /2048 bytes of CEL/,
    ],
    [
      "rules have a message",
      { validation_rules: [without(rule, "message")] },
      "validation_rules.0.message",
      /must be a string/,
    ],
    ["indexes name known columns", { indexes: [{ columns: ["fare"] }] }, "indexes.0.columns.0", /fare is none/],
    ["indexes have columns", { indexes: [{ columns: [] }] }, "indexes.0.columns", /at least one column/],
    [
      "indexes have a list of columns",
      { indexes: [{ columns: "count" }] },
      "indexes.0.columns",
      /must be an array of column names/,
    ],
    [
      "indexes have at most 32 columns",
      { indexes: [{ columns: Array.from({ length: 33 }, (_, index) => `c${index}`) }] },
      "indexes.0.columns",
      /must name at most 32 columns/,
    ],
    [
      "indexes are unique or not",
      { indexes: [{ columns: ["count"], unique: 1 }] },
      "indexes.0.unique",
      /must be true or false/,
    ],
    [
      "indexes name a column once",
      { indexes: [{ columns: ["count", "count"] }] },
      "indexes.0.columns",
      /each column once/,
    ],
    [
      "indexes have a known method",
      { indexes: [{ columns: ["count"], method: "rum" }] },
      "indexes.0.method",
      /btree, hash/,
    ],
    [
      "unique indexes are btrees",
      { indexes: [{ columns: ["count"], unique: true, method: "gin" }] },
      "indexes.0.method",
      /must be btree/,
    ],
    [
      "hash indexes have one column",
      { indexes: [{ columns: ["origin", "count"], method: "hash" }] },
      "indexes.0.columns",
      /one column for a hash/,
    ],
    [
      "parts are limited in number",
      { indexes: Array.from({ length: 101 }, () => ({ columns: ["count"] })) },
      "indexes",
      /at most 100/,
    ],
    [
      "own-rows needs user_id",
      { rls_policies: { preset: "own-rows" } },
      "rls_policies.preset",
      /must have a column user_id/,
    ],
    [
      "tenant needs tenant_id",
      { rls_policies: { preset: "tenant" } },
      "rls_policies.preset",
      /must have a column tenant_id/,
    ],
    ["a model has no owner of the caller's choice", { created_by: "me" }, "", /created_by/],
  ])("holds that %s", (_rule, changes, path, message) => expectIssue(create, { ...routes, ...changes }, path, message));

  it.each([
    ["rls_policies.preset", { rls_policies: { preset: "all-rows" } }, /own-rows, tenant or public-read/],
    ["rls_policies.0.command", { rls_policies: [{ ...policy, command: "read" }] }, /all, select/],
    ["rls_policies.0.roles", { rls_policies: [{ ...policy, roles: [] }] }, /at least one role/],
    ["rls_policies.0.roles.0", { rls_policies: [{ ...policy, roles: ["postgres"] }] }, /must be public, anon/],
    ["rls_policies.0.using", { rls_policies: [{ ...policy, command: "insert" }] }, /must be left out for insert/],
    ["rls_policies.0.check", { rls_policies: [{ ...policy, check: "true" }] }, /must be left out for select/],
    ["rls_policies", { rls_policies: "public-read" }, /must be { preset }/],
  ])("names %s where a policy is wrong, though it stands in a union", (field, changes, message) => {
    const { error } = create.safeParse({ ...routes, ...changes });
    expect(error && issuesOf(error)).toContainEqual(
      expect.objectContaining({ field, message: expect.stringMatching(message) }),
    );
  });

  it("answers fields that are none along with other faults, instead of looking into them", () => {
    const model = { ...routes, fields: { type: "object" }, indexes: [{ columns: ["count"] }] };
    expectIssue(create, model, "fields.properties", /a property for each column/);
  });

  it("takes public-read on any columns", () => {
    expect(create.safeParse({ ...routes, rls_policies: { preset: "public-read" } }).success).toBe(true);
  });
});

describe("dataModelUpdateSchema", () => {
  it("asks for the new version and a change, and keeps the name", () => {
    expect(update.parse({ schema_version: "1.1.0", fields: routes.fields })).toBeTruthy();
    expectIssue(update, { fields: routes.fields }, "schema_version", /must be a string/);
    expectIssue(update, { schema_version: "1.1.0" }, "", /must change something/);
    expectIssue(update, { schema_version: "1.1.0", model_name: "other" }, "", /model_name/);
  });
});

describe("dataModelFilterSchema and dataModelKeySchema", () => {
  it("take every indexed field, and either key", () => {
    expect(filter.parse({ model_name: "routes", is_active: true, cursor: "airports" })).toMatchObject({ limit: 50 });
    expectIssue(filter, { table_name: "routes" }, "", /table_name/);
    expect(key.parse({ model_name: "routes" })).toEqual({ model_name: "routes" });
    expect(key.parse({ model_id: stored.model_id })).toEqual({ model_id: stored.model_id });
    expectIssue(key, {}, "", /{ model_id } or { model_name }/);
  });
});

describe("dataModelVersionSchema and dataModelOutputSchema", () => {
  it("take the rows of their tables", () => {
    const { updated_at: _updated, ...history } = stored;
    expect(version.parse(history)).toEqual({ ...history, ...parts });
    const model = { ...stored, ...parts, applied_version: null, is_active: false };
    expect(output.parse({ ...model, later_column: 1 })).toEqual(model);
  });
});
