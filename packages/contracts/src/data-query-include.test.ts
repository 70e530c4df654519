import { describe, expect, it } from "vitest";
import { dataIncludeSchema } from "./data-query-include.ts";
import { expectIssue } from "./testing/expect-issue.ts";

describe("dataIncludeSchema", () => {
  it("takes three levels, and no fourth", () => {
    const include = { a: { columns: ["x"], include: { b: { limit: 100, include: { c: {} } } } } };
    expect(dataIncludeSchema.parse(include)).toEqual(include);
    const fourth = { a: { include: { b: { include: { c: { include: { d: {} } } } } } } };
    expectIssue(dataIncludeSchema, fourth, "a.include.b.include.c", /include/);
  });

  it.each([
    ["a.limit", { a: { limit: 101 } }, /at most 100/],
    [
      "a.include.b.order",
      { a: { include: { b: { order: Array.from({ length: 5 }, () => ({ column: "x" })) } } } },
      /at most 4/,
    ],
    ["a.where.op", { a: { where: { column: "x", op: "=", value: 1 } } }, /one of eq/],
    ["", Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((name) => [name, {}])), /at most 5/],
    ["a b", { "a b": {} }, /plain identifier/],
  ])("refuses %s", (path, include, message) => expectIssue(dataIncludeSchema, include, path, message));
});
