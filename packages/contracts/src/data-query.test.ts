import { describe, expect, it } from "vitest";
import {
  dataCreateInputSchema,
  dataCreateManyInputSchema,
  dataGetInputSchema,
  dataKeySchema,
  dataListInputSchema as list,
  dataListOutputSchema,
  dataUpdateInputSchema,
} from "./data-query.ts";
import { expectIssue } from "./testing/expect-issue.ts";

const model = "routes";
const many = (count: number, value: unknown): unknown[] => Array.from({ length: count }, () => value);

describe("dataListInputSchema", () => {
  it("takes filters, order, columns and a page, and fills in the rest", () => {
    const input = {
      model,
      columns: ["origin"],
      filters: [{ column: "origin", op: "eq", value: "ZRH" }],
      order: [{ column: "count", direction: "desc" }],
      limit: 1000,
      cursor: "abc",
    };
    expect(list.parse(input)).toEqual(input);
    expect(list.parse({ model, order: [{ column: "count" }] })).toEqual({
      model,
      order: [{ column: "count", direction: "asc" }],
      limit: 50,
    });
  });

  it.each([
    ["model", { model: "a b" }, /must be an identifier/],
    ["limit", { limit: 1001 }, /at most 1000/],
    ["limit", { limit: 0 }, /at least 1/],
    ["limit", { limit: 1.5 }, /must be a whole number/],
    ["columns", { columns: many(501, "a") }, /at most 500 columns/],
    ["filters", { filters: many(21, { column: "a", op: "is", value: null }) }, /at most 20/],
    ["order", { order: many(5, { column: "a" }) }, /at most 4/],
    ["order.0.direction", { order: [{ column: "a", direction: "up" }] }, /asc or desc/],
    ["columns", { columns: [] }, /at least one column/],
    ["columns.0", { columns: ["a,b"] }, /plain identifier/],
    ["filters.0.column", { filters: [{ column: "a->b", op: "is", value: null }] }, /plain identifier/],
    ["filters.0.op", { filters: [{ column: "a", op: "=", value: 1 }] }, /one of eq, neq/],
    ["cursor", { cursor: "" }, /must not be empty/],
    ["", { offset: 3 }, /offset/],
  ])("refuses a wrong %s: %j", (path, changes, message) => expectIssue(list, { model, ...changes }, path, message));
});

describe("rows and keys", () => {
  it("are values by column", () => {
    const row = { origin: "ZRH", count: 3, tags: ["a"], note: null };
    expect(dataCreateInputSchema.parse({ model, row })).toEqual({ model, row });
    expect(dataGetInputSchema.parse({ model, key: { origin: "ZRH" } })).toBeTruthy();
  });

  it("refuse a column that is no identifier, also one that a copy would lose", () => {
    const stealthy: unknown = JSON.parse('{"__proto__":{"a":1}}');
    expectIssue(dataCreateInputSchema, { model, row: stealthy }, "row.__proto__", /JavaScript objects/);
    expectIssue(dataCreateInputSchema, { model, row: { 'a"b': 1 } }, 'row.a"b', /plain identifier/);
    expectIssue(dataCreateInputSchema, { model, row: { a: "\u0000" } }, "row.a", /NUL/);
    expectIssue(dataCreateInputSchema, { model, row: [1] }, "row", /must be a JSON object/);
  });

  it("refuse an empty key, a key without a value and a change of nothing", () => {
    expectIssue(dataKeySchema, {}, "", /primary key/);
    expectIssue(dataKeySchema, { id: null }, "", /one plain value/);
    expectIssue(dataKeySchema, { id: [1] }, "", /one plain value/);
    expectIssue(dataUpdateInputSchema, { model, key: { id: 1 }, changes: {} }, "changes", /at least one column/);
  });

  it("come 1 to 1000 at once", () => {
    expect(dataCreateManyInputSchema.safeParse({ model, rows: many(1000, { a: 1 }) }).success).toBe(true);
    expectIssue(dataCreateManyInputSchema, { model, rows: many(1001, { a: 1 }) }, "rows", /at most 1000 rows/);
    expectIssue(dataCreateManyInputSchema, { model, rows: [] }, "rows", /at least one row/);
    expectIssue(dataCreateManyInputSchema, { model, rows: [{ a: 1 }, { "a b": 1 }] }, "rows.1.a b", /plain identifier/);
  });
});

describe("dataListOutputSchema", () => {
  it("takes rows of JSON and a cursor", () => {
    const page = { rows: [{ id: 1, Any: { deep: [null] } }], next_cursor: null };
    expect(dataListOutputSchema.parse(page)).toEqual(page);
    expectIssue(dataListOutputSchema, { rows: [{ a: new Date(0) }], next_cursor: null }, "rows.0.a", /JSON value/);
  });
});
