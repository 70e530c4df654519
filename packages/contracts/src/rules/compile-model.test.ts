import { describe, expect, it } from "vitest";
import { dataModelFieldsSchema } from "../data-model/fields.ts";
import type { ValidationRule } from "../data-model/parts.ts";
import { createRowValidator } from "../browser/row-validator.ts";
import type { JsonObject } from "../primitives/json-object.ts";
import { compileModel, createModelCompiler } from "./compile-model.ts";

const fields = dataModelFieldsSchema.parse({
  type: "object",
  required: ["id"],
  properties: {
    id: { type: "string" },
    low: { type: ["integer", "null"] },
    high: { type: ["integer", "null"] },
    price: { type: "number" },
    size: { type: "integer", default: 7 },
    at: { type: "string", format: "date-time" },
    until: { type: "string", format: "date-time" },
    tags: { type: "array", maxItems: 1000, items: { type: ["string", "null"] } },
    home: { type: ["object", "null"], properties: { floor: { type: ["integer", "null"] } } },
  },
});
const rule = (expression: string, name = "r"): ValidationRule => ({ name, expression, message: `no ${name}` });

/** By the server and by the browser, which must say the same. */
function outcome(expression: string, row: JsonObject): string[] {
  const [server, browser] = [compileModel, createRowValidator].map((make) => make(fields, [rule(expression)]).row(row));
  expect(browser).toEqual(server);
  return server?.ok === false ? server.issues.map(({ message }) => message) : [];
}
const held: string[] = [];

describe("a null or absent column", () => {
  it.each([
    ["low < high", { low: 1 }],
    ["low < high", { low: 1, high: null }],
    ["!(low == high)", { low: 1 }],
    ["low in [1, 2]", {}],
    ["low != null && high < 3", { low: 1 }],
    ["low == null || low < high", { high: 2 }],
    ["low == null || low < high", { low: 1 }],
    ["home.floor > 3", { home: { floor: null } }],
    ["home.floor > 3", { home: {} }],
    ["home.floor > 3", { home: null }],
    ["at < until", { at: "2026-01-01T00:00:00Z" }],
  ])("leaves %s open for %j, which holds as in SQL", (expression, row) => {
    expect(outcome(expression, { id: "a", ...row })).toEqual(held);
  });

  it.each([
    ["low != null && high < 3", { high: 2 }],
    ["low != null", { low: null }],
    ["low != null || high > 3", { high: 2 }],
    ["low == null", { low: 1 }],
    ["has(home.floor)", { home: { floor: null } }],
    ["tags.all(t, t != null)", { tags: ["a", null] }],
  ])("does not hide that %s is broken by %j", (expression, row) => {
    const distinct = [...new Set(outcome(expression, { id: "a", ...row }))];
    expect(distinct).toEqual(["no r"]);
  });

  it("is its default when a row is created without it", () => {
    expect(outcome("size > 7", { id: "a" })).toEqual(["no r"]);
    expect(outcome("size > 7", { id: "a", size: 8 })).toEqual(held);
    // null that is given is what the database stores
    expect(outcome("size > 7", { id: "a", size: null })).toEqual(held);
  });
});

describe("what a row may cost", () => {
  const tags = Array.from({ length: 1001 }, (_, index) => `t${index}`);

  it.each([
    ["a list longer than its schema allows", { tags }],
    ["an object in a list's place", { tags: Object.fromEntries(tags.map((tag) => [tag, tag])) }],
  ])("is not left to what was stored past Waybill: %s", (_what, stored) => {
    const rules = [rule("size > 0 && tags.all(t, t != 'x')")];
    for (const make of [compileModel, createRowValidator]) {
      const result = make(fields, rules).changes({ size: 1 }, { id: "a", size: 2, ...stored });
      expect(result.ok ? [] : result.issues[0]).toMatchObject({
        layer: "rule",
        message: expect.stringContaining("ends in a stored value that its schema refuses"),
      });
    }
  });

  it("is told of a stored value that is deeper than any stack", () => {
    let floor: JsonObject = {};
    for (let level = 0; level < 20_000; level += 1) floor = { floor };
    const result = compileModel(fields, [rule("size > 0 && has(home.note)")]).changes(
      { size: 1 },
      { id: "a", home: floor },
    );
    expect(result.ok ? [] : result.issues[0]?.message).toContain("ends in out of range");
  });

  it("counts what stands inside of lists and objects", () => {
    expect(outcome("tags == ['a']", { id: "a", tags: ["x".repeat(65_536)] })[0]).toContain(
      "must be smaller for this rule",
    );
    expect(outcome("has(home.note)", { id: "a", home: { note: { deep: ["x".repeat(65_536)] } } })[0]).toContain(
      "must be smaller for this rule",
    );
  });

  it("is told of 50 rules at the most", () => {
    const rules = Array.from({ length: 60 }, (_, index) => rule("size > 7", `r${index}`));
    const result = compileModel(fields, rules).row({ id: "a", size: 1 });
    expect(result.ok ? [] : result.issues).toHaveLength(50);
  });

  it.each(["2026-01-01T00:00:00.0000", "January 1, 2026 00:00:00", "2026-02-30T00:00:00Z"])(
    "is no guess at the time %s, which each engine reads in its own way",
    (id) => {
      expect(outcome("timestamp(id) > timestamp(0)", { id })[0]).toContain("ends in invalid timestamp");
    },
  );

  it("is no more for a duration that never ends, and one that no calendar has is told", () => {
    // the library alone takes an hour for it
    const [told] = outcome("duration(id) > duration('1h')", { id: "1".repeat(20_000) });
    expect(told).toContain("ends in invalid duration");
    expect(outcome("duration(id) > duration('1h')", { id: "90m" })).toEqual(held);
    const far = { id: "9999999999999999999h", at: "2026-01-01T00:00:00Z" };
    expect(outcome("at + duration(id) - at > duration('0s')", far)[0]).toContain("ends in out of range");
  });
});

describe("values", () => {
  it.each([
    ["low % 2 == 1", { low: 3 }],
    ["low == 3 && low > 2.5", { low: 3.0 }],
    ["low > 9007199254740990", { low: 9_007_199_254_740_991 }],
    ["price == 3.0 && price < 4", { price: 3 }],
    ["home.floor % 2 == 0", { home: { floor: 4 } }],
    ["size(id) == 2 && id.matches('^..$')", { id: "🛫b" }],
    ["id != 'e\u0301'", { id: "\u00e9" }],
    ["at < until", { at: "2026-01-01T00:00:00.123456+00:00", until: "2026-01-01t00:00:00.124z" }],
    ["at == until", { at: "2026-01-01T02:00:00+02:00", until: "2026-01-01t00:00:00Z" }],
    ["until - at == duration('0s')", { at: "2016-12-31T23:59:59Z", until: "2016-12-31T23:59:60Z" }],
    ["at == timestamp(id)", { id: "2026-01-01T02:00:00.123456+02:00", at: "2026-01-01T00:00:00.123Z" }],
    ["at == timestamp(1767225600)", { at: "2026-01-01T00:00:00Z" }],
    ["at < timestamp('2030-01-01T00:00:00Z')", { at: "2026-01-01T00:00:00Z" }],
  ])("hold %s for %j", (expression, row) => {
    expect(outcome(expression, { id: "a", ...row })).toEqual(held);
  });

  it("end in an issue of the rule where it cannot be told, without the value", () => {
    const [told] = outcome("10 / low > 1", { id: "a", low: 0 });
    expect(told).toBe("must be such that the rule can be told: it ends in division by zero");
  });

  it("are too many or too long for a rule at 65,536 characters and items", () => {
    const fitting = "a".repeat(65_536);
    expect(outcome("id.contains('b') || size(id) > 3", { id: fitting })).toEqual(held);
    expect(outcome("id.contains('b') || size(id) > 3", { id: `${fitting}a` })).toEqual([
      expect.stringMatching(/must be smaller .* 65536 characters and items/),
    ]);
  });

  it("are fewer where a loop looks at all of them again and again", () => {
    const search = "tags.all(t, t == null || !id.contains(t))";
    const tags = Array.from({ length: 1000 }, () => "b");
    expect(outcome(search, { id: "a".repeat(2000), tags })).toEqual(held);
    expect(outcome(search, { id: "a".repeat(60_000), tags })[0]).toMatch(/must be smaller .* in loops at fewer/);
    expect(outcome("tags.all(t, t == null || t.size() < 90)", { id: "a", tags: ["a".repeat(60_000)] })).toEqual([
      "no r",
    ]);
  });

  it("meet patterns on the linear-time engine", () => {
    expect(outcome("id.matches('^(a|aa)+$')", { id: `${"a".repeat(60_000)}b` })).toEqual(["no r"]);
  });
});

describe("a model", () => {
  const model = compileModel(fields, [rule("low < high", "order"), { ...rule("size != 3", "three"), fields: ["id"] }]);

  it("asks its rules only when the schema holds, and names layer, rule and fields", () => {
    expect(model.row({ id: 1, low: 2, high: 1 })).toMatchObject({ issues: [{ field: "id", layer: "schema" }] });
    expect(model.row({ id: "a", low: 2, high: 1, size: 3 })).toEqual({
      ok: false,
      issues: [
        { field: "low", rule: "order", message: "no order", layer: "rule" },
        { field: "high", rule: "order", message: "no order", layer: "rule" },
        { field: "id", rule: "three", message: "no three", layer: "rule" },
      ],
    });
  });

  it("holds changes against the rules that look at them, together with the row before", () => {
    expect([model.needsBefore(["low"]), model.needsBefore(["size"]), model.needsBefore(["low", "high"])]).toEqual([
      true,
      false,
      false,
    ]);
    expect(model.changes({ low: 5 })).toEqual({ ok: true });
    expect(model.changes({ low: 5 }, { id: "a", high: 3, size: 3 })).toMatchObject({ issues: [{ rule: "order" }, {}] });
    expect(model.changes({ high: null }, { id: "a", low: 3 })).toEqual({ ok: true });
    expect(model.changes({ low: 5, high: 3 })).toMatchObject({ ok: false });
    expect(model.changes({ price: 1 }, { id: "a", low: 3, high: 1 }), "was broken before").toEqual({ ok: true });
    expect(model.changes({ low: "5" })).toMatchObject({ issues: [{ field: "low", layer: "schema" }] });
  });

  it("refuses every row where a stored rule cannot be run, and says who can help", () => {
    const broken = compileModel(fields, [rule("no CEL at all")]);
    expect(broken.row({ id: "a" })).toMatchObject({
      issues: [{ field: "", rule: "r", message: expect.stringContaining("models.update"), layer: "rule" }],
    });
    expect(broken.changes({ price: 1 })).toMatchObject({ ok: false });
  });

  it("is kept ready, of many the last ones", () => {
    const compiler = createModelCompiler({ limit: 2 });
    const numbered = (number: number) => compiler.compile(fields, [rule(`size > ${number}`)]);
    const first = numbered(1);
    expect(numbered(1)).toBe(first);
    numbered(2);
    numbered(3);
    expect(compiler.size).toBe(2);
    expect(numbered(1)).not.toBe(first);
  });
});
