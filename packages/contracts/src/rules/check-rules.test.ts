import { describe, expect, it } from "vitest";
import { dataModelFieldsSchema } from "../data-model/fields.ts";
import { checkRules } from "./check-rules.ts";

const text = { type: "string", maxLength: 10 };
const fields = dataModelFieldsSchema.parse({
  type: "object",
  required: ["count"],
  properties: {
    id: text,
    count: { type: "integer", minimum: 0, maximum: 100 },
    most: { type: ["integer", "null"] },
    price: { type: "number" },
    at: { type: "string", format: "date-time" },
    until: { type: ["string", "null"], format: "date-time" },
    day: { type: "string", format: "date" },
    kind: { enum: ["x", "y"] },
    tags: { type: "array", maxItems: 50, items: { $ref: "#/$defs/tag" } },
    many: { type: "array", maxItems: 5000, items: text },
    endless: { type: "array", items: text },
    address: { type: "object", properties: { zip: text, lines: { type: "array", maxItems: 3, items: text } } },
    int: { type: "integer" },
    loose: { "x-pg": "jsonb", maxItems: 3 },
    grid: { type: "array", prefixItems: [{ type: "array" }], items: { type: "array", maxItems: 2 }, maxItems: 3 },
  },
  $defs: { tag: { type: "string", maxLength: 20 } },
});

const told = (...expressions: string[]) =>
  checkRules({ fields, validation_rules: expressions.map((expression) => ({ name: "r", expression, message: "no" })) });

describe("checkRules takes", () => {
  it.each([
    "count < most",
    "most == null || count < most",
    "(((most)) != null) && true",
    "null == most",
    "count != 0 && most / count > 1",
    "double(count) * price > 1.0",
    "at < until && until - at < duration('24h')",
    "at > timestamp('2020-01-01T00:00:00Z') && at.getFullYear() < 3000",
    "day < '2030-01-01'",
    "kind == 'x' || count in [1, 2]",
    "tags.all(t, t.size() > 1 && t.matches('^[a-z]+$'))",
    "at > timestamp(count * 86400)",
    "at + duration(string(count) + 'h') > at",
    "[id].map(t, t + t).map(t, t + t) != ['a']",
    "tags.filter(t, t != 'a').map(t, t + 'b').exists(u, u.endsWith('b'))",
    "has(address.zip) && address.lines.all(l, l != '')",
    "(id + 'x').matches('^[a-z]*$')",
    "id.trim().contains('🛫') || size(id) < 11",
  ])("%s", (expression) => expect(told(expression)).toEqual([]));
});

describe("checkRules refuses", () => {
  it.each([
    ["count <", "syntax", /must be an expression of CEL/],
    ["nope > 1", "unknown_column", /nope is none; add it to fields/],
    ["count", "boolean", /it is of type int; compare/],
    ["count + price > 1.0", "type", /int \+ double; .*double\(count\)/],
    ["id.size() > 'a'", "type", /int > string/],
    ["count == 1 ? true : 5", "type", /same type/],
    ["most / count > 1", "sample", /"count":0.* division by zero; guard it/],
    ["most * most * most > 0", "sample", /numeric overflow/],
    ["at > timestamp('2026-01-01T00:00:00.0000')", "sample", /invalid timestamp/],
    ["at > timestamp('2026-02-30T00:00:00Z')", "sample", /invalid timestamp/],
    ["at > timestamp(1.5)", "type", /'timestamp\(double\)'/],
    ["int(id) > 3", "sample", /int conversion error/],
    ["id.matches('(?=a)')", "pattern", /without look-around/],
    ["id.matches(kind)", "pattern", /write the pattern of matches out/],
    ["id.matches( // matches\n 'a')", "pattern", /no comment/],
    ["endless.all(e, e == 'a')", "cost", /a list whose schema has a maxItems/],
    ["many.all(m, many.exists(n, n == m))", "cost", /at most 10000 steps/],
    ["loose.all(l, l == 'a')", "cost", /a list whose schema has a maxItems/],
    ["grid.size() > 0 && grid[0].all(g, g == 'a')", "cost", /a list whose schema has a maxItems/],
    ["grid.all(row, row.all(g, g == 'a'))", "cost", /a list whose schema has a maxItems/],
    [`[id]${".map(t, t + t)".repeat(7)} == ['a']`, "cost", /not put a text together out of so many/],
    ["tags.all(a, tags.all(b, tags.exists(c, c != a && c != b)))", "cost", /at most 10000 steps/],
    ["tags.all(a, [a].all(b, b.matches('a')))", "cost", /in one loop at most/],
    ["tags.all(t, id.matches('a'))", "cost", /on the loop's own items/],
    ["address.zip == null", "null", /must ask has\(…\)/],
    ["int > 2", "name", /CEL has another meaning/],
    ["tags.all(count, count == 'x')", "name", /count is a column/],
    ["id.substring(1) == 'a'", "function", /must not call substring; there are contains/],
    ["type(count) == string", "function", /must not call type/],
    ["at.getHours('Europe/Zurich') > 3", "function", /without a time zone/],
    ["1 == 1", "columns", /must look at a column/],
    ["b'abc' == b'abc' && count > 1", "type", /must not hold bytes/],
    [`count > ${"1 + ".repeat(300)}1`, "syntax", /CEL/],
  ])("%s", (expression, rule, message) => {
    expect(told("count > 1", expression)).toContainEqual({
      field: "validation_rules.1.expression",
      rule,
      message: expect.stringMatching(message),
    });
  });
});
