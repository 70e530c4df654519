import { describe, expect, it } from "vitest";
import { dataFilterSchema, dataWhereSchema, whereDepthLimit, whereSizeLimit } from "./data-query-filter.ts";
import { expectIssue } from "./testing/expect-issue.ts";

const many = (count: number, value: unknown): unknown[] => Array.from({ length: count }, () => value);

describe("dataFilterSchema", () => {
  it.each([
    ["eq", 1],
    ["neq", "x"],
    ["lt", "2026-01-01"],
    ["like", "%a"],
    ["in", [1, "a", true]],
    ["is", null],
    ["is", true],
    ["contains", ["a", 1]],
    ["search", 'red -blue "a phrase"'],
    ["contains", { a: { b: 1 } }],
  ])("takes %s with %j", (op, value) => {
    expect(dataFilterSchema.safeParse({ column: "a", op, value }).success).toBe(true);
  });

  it.each([
    ["eq", null, /ask for null with is/],
    ["gt", { a: 1 }, /one plain value/],
    ["like", 1, /pattern as text/],
    ["in", [], /1 to 200/],
    ["in", many(201, 1), /1 to 200/],
    ["in", [{}], /plain values/],
    ["in", ["a", null], /ask for null with is/],
    ["is", "x", /null, true or false/],
    ["search", " ", /words to look for/],
    ["search", ["a"], /words to look for/],
    ["contains", "a", /array of 1 to 200/],
    ["contains", {}, /at least one key/],
    ["contains", [["a"]], /array of 1 to 200/],
    ["eq", "\u0000", /NUL/],
    ["eq", undefined, /must be a JSON value/],
  ])("refuses %s with %j", (op, value, message) =>
    expectIssue(dataFilterSchema, { column: "a", op, value }, "value", message),
  );
});

describe("dataWhereSchema", () => {
  const leaf = { column: "a", op: "eq", value: 1 };
  const nested = (levels: number): unknown => (levels === 1 ? leaf : { not: nested(levels - 1) });

  it("takes a condition and trees of them, as they are", () => {
    const tree = { and: [leaf, { or: [leaf, { not: leaf }] }] };
    expect(dataWhereSchema.parse(tree)).toBe(tree);
    expect(dataWhereSchema.parse(leaf)).toBe(leaf);
  });

  it.each([
    ["no object", [leaf], "", /condition, or/],
    ["a condition without a value", { column: "a", op: "eq" }, "value", /must be a JSON value/],
    ["an operator that is none, deep in", { or: [leaf, { not: { ...leaf, op: "~" } }] }, "or.1.not.op", /one of eq/],
    ["a column that is no name", { not: { ...leaf, column: "a.b" } }, "not.column", /plain identifier/],
    ["another key beside and", { and: [leaf], or: [leaf] }, "", /no other key beside and/],
    ["another key in a condition", { ...leaf, cast: "text" }, "", /no other key/],
    ["an empty group", { or: [] }, "or", /at least one/],
    ["a group that is no array", { and: leaf }, "and", /at least one/],
    ["what is no condition in a group", { and: [null] }, "and.0", /condition, or/],
  ])("refuses %s", (_, tree, path, message) => expectIssue(dataWhereSchema, tree, path, message));

  it("ends at a depth and a size", () => {
    expect(dataWhereSchema.safeParse(nested(whereDepthLimit)).success).toBe(true);
    expectIssue(dataWhereSchema, nested(whereDepthLimit + 1), many(whereDepthLimit, "not").join("."), /at most|deeper/);
    expect(dataWhereSchema.safeParse({ and: many(whereSizeLimit - 1, leaf) }).success).toBe(true);
    expectIssue(dataWhereSchema, { and: many(whereSizeLimit, leaf) }, "", /at most 50/);
    expectIssue(dataWhereSchema, nested(5_000), many(whereDepthLimit, "not").join("."), /deeper/);
  });
});
