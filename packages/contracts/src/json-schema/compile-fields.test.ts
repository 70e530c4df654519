import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DataModelFields, dataModelFieldsSchema } from "../data-model/fields.ts";
import { sharedEngine } from "./check-fields.ts";
import { compileFields, createFieldsCompiler } from "./compile-fields.ts";

const fields = dataModelFieldsSchema.parse({
  type: "object",
  required: ["iata", "city"],
  "x-primary-key": ["iata"],
  properties: {
    iata: { type: "string", pattern: "^[A-Z]{3}$" },
    city: { type: ["string", "null"], maxLength: 10 },
    runways: { type: "integer", minimum: 1 },
    contact: { type: "object", required: ["email"], properties: { email: { type: "string", format: "email" } } },
    kind: { enum: ["hub", "field"] },
  },
  if: { properties: { kind: { const: "hub" } }, required: ["kind"] },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  then: { required: ["runways"] },
});
const validate = compileFields(fields);
const column = (schema: object): DataModelFields =>
  dataModelFieldsSchema.parse({ type: "object", properties: { id: schema } });

describe("compileFields", () => {
  it("takes a row that fits, whole or in part", () => {
    expect(validate({ iata: "ZRH", city: null, kind: "hub", runways: 3 })).toEqual({ ok: true });
    expect(validate({ runways: 3 }, { partial: true })).toEqual({ ok: true });
    expect(validate({}, { partial: true })).toEqual({ ok: true });
    expect(validate({ kind: "hub" }, { partial: true }), "the whole row decides").toEqual({ ok: true });
  });

  it.each([
    [{ iata: "ZRH" }, "city", "required", /must be given/],
    [{ iata: "zrh", city: "x" }, "iata", "pattern", /must match pattern/],
    [{ iata: "ZRH", city: 1 }, "city", "type", /must be string or null/],
    [{ iata: "ZRH", city: "a".repeat(11) }, "city", "maxLength", /10 characters/],
    [{ iata: "ZRH", city: "x", runways: 0 }, "runways", "minimum", />= 1/],
    [{ iata: "ZRH", city: "x", runways: 1.5 }, "runways", "type", /must be integer/],
    [{ iata: "ZRH", city: "x", kind: "port" }, "kind", "enum", /must be one of "hub", "field"/],
    [{ iata: "ZRH", city: "x", kind: "hub" }, "runways", "required", /must be given/],
    [{ iata: "ZRH", city: "x", contact: {} }, "contact.email", "required", /must be given/],
    [{ iata: "ZRH", city: "x", contact: { email: "x" } }, "contact.email", "format", /must be a valid email/],
    [{ iata: "ZRH", city: "x", colour: 1 }, "colour", "unknown_column", /no such column/],
    [JSON.parse('{"iata":"ZRH","city":"x","__proto__":1}'), "__proto__", "unknown_column", /no such column/],
    [[], "", "type", /must be object/],
    [null, "", "type", /must be object/],
  ])("refuses %j at %s by %s", (row, field, rule, message) => {
    expect(validate(row)).toEqual({ ok: false, issues: [{ field, rule, message: expect.stringMatching(message) }] });
  });

  it("judges the columns given in a change, nested requirements included", () => {
    const partial = { partial: true };
    expect(validate({ city: 1, colour: 1 }, partial)).toMatchObject({
      issues: [
        { field: "colour", rule: "unknown_column" },
        { field: "city", rule: "type" },
      ],
    });
    expect(validate({ contact: {} }, partial)).toMatchObject({
      issues: [{ field: "contact.email", rule: "required" }],
    });
  });

  it("names a constant and a property that a nested schema has not", () => {
    const check = compileFields(
      column({ type: "object", properties: { kind: { const: "hub" } }, additionalProperties: false }),
    );
    expect(check({ id: { kind: "field", size: 3 } })).toEqual({
      ok: false,
      issues: [
        {
          field: "id.size",
          rule: "additionalProperties",
          message: expect.stringMatching(/^must not be given: the schema/),
        },
        { field: "id.kind", rule: "const", message: 'must be "hub"' },
      ],
    });
  });

  it("names every fault of a row at once, and at most 50", () => {
    expect(validate({ iata: 1, city: 1, runways: "x" })).toMatchObject({ issues: [{}, {}, {}] });
    const many = compileFields(column({ type: "array", items: { type: "string" } }));
    const result = many({ id: Array.from({ length: 1000 }, () => 1) });
    expect(result.ok ? 0 : result.issues.length).toBe(50);
  });

  it("does not take a property of every object for a column that was given", () => {
    const inner = compileFields(column({ type: "object", required: ["toString", "constructor"] }));
    expect(inner({ id: {} })).toMatchObject({ ok: false, issues: [{ rule: "required" }, { rule: "required" }] });
  });

  it("compares objects whose keys are names of methods, as any row may have them", () => {
    const named: readonly object[] = [{ toString: 1 }, { valueOf: 1 }, {}];
    const items = { enum: named };
    const check = compileFields(column({ type: "array", maxItems: 9, uniqueItems: true, items }));
    expect(check({ id: named })).toEqual({ ok: true });
    expect(check({ id: [{ valueOf: 1 }, { toString: 1 }, { valueOf: 1 }, { valueOf: 2 }] })).toMatchObject({
      issues: [
        { field: "id.3", rule: "enum" },
        { field: "id", rule: "uniqueItems" },
      ],
    });
  });

  it("never says what a refused value was", () => {
    const secret = "hunter2-hunter2";
    const strict = compileFields(
      column({ type: "string", maxLength: 3, pattern: "^[0-9]+$", format: "email", enum: ["a"] }),
    );
    expect(JSON.stringify(strict({ id: secret }))).not.toContain(secret);
  });

  it.each([
    ["a pattern that explodes elsewhere", { pattern: "^(([a-z])+.)+[A-Z]([a-z])+$" }, "a".repeat(60_000)],
    ["nested repetition", { pattern: "^(a|aa)+$" }, `${"a".repeat(60_000)}b`],
    ["an email", { format: "email" }, `a@${"a".repeat(60_000)}!`],
    ["a URI", { format: "uri" }, `http://${"a:".repeat(100_000)}`],
    ["a URI reference", { format: "uri-reference" }, "a%".repeat(100_000)],
    ["a host name", { format: "hostname" }, "a-".repeat(100_000)],
    ["a duration", { format: "duration" }, `P${"1".repeat(100_000)}`],
    ["an IPv6 address", { format: "ipv6" }, "1:".repeat(100_000)],
    ["a time", { format: "date-time" }, `2026-01-01T00:00:00.${"1".repeat(100_000)}x`],
  ])("refuses a hostile text for %s without exploding", (_what, schema, text) => {
    // An exploding engine would not end within the test's time limit.
    expect(compileFields(column({ type: "string", ...schema }))({ id: text }).ok).toBe(false);
  });

  it.each([
    ["date", "2024-02-29", "2023-02-29"],
    ["date-time", "2026-11-22T10:00:00Z", "2026-11-22 10:00"],
    ["time", "10:00:00Z", "25:00:00Z"],
    ["duration", "P1DT2H", "1 day"],
    ["email", "Zoe.X@example.co", "zoe@"],
    ["hostname", "a-b.example", "-a.example"],
    ["ipv4", "203.0.113.7", "203.0.113.256"],
    ["ipv6", "2001:db8::1", "2001:db8:::1"],
    ["json-pointer", "/a/~0b", "a"],
    ["regex", "^a+$", "(?=a)"],
    ["uri", "https://example.co/a?b#c", "example"],
    ["uri-reference", "../a", "\\a"],
    ["uuid", "0193F2A4-7d1e-7c3a-9b0e-5f6a7b8c9d0e", "0193f2a4"],
  ])("knows the format %s: %s, not %s", (format, right, wrong) => {
    const check = compileFields(column({ type: "string", format }));
    expect(check({ id: right })).toEqual({ ok: true });
    expect(check({ id: wrong })).toMatchObject({ ok: false, issues: [{ field: "id", rule: "format" }] });
  });

  it("takes null for no value where a column may hold none, in a row and in a change alike", () => {
    const partial = { partial: true };
    expect(validate({ iata: "HAM", city: "x", runways: null, kind: null })).toEqual({ ok: true });
    expect(validate({ runways: null }, partial)).toEqual({ ok: true });
    expect(validate({ iata: null }, partial)).toMatchObject({ ok: false, issues: [{ field: "iata", rule: "type" }] });
  });

  it("reads patterns as JSON Schema does: anywhere in the text unless anchored, by characters", () => {
    const check = compileFields(column({ type: "string", pattern: "b\\d" }));
    expect([check({ id: "ab1c" }).ok, check({ id: "ab" }).ok]).toEqual([true, false]);
    const one = compileFields(column({ type: "string", pattern: "^.$", maxLength: 1 }));
    expect([one({ id: "🛫" }).ok, one({ id: "🛫🛬" }).ok]).toEqual([true, false]);
  });

  it("agrees with plain reading of type, minimum and length", () => {
    const check = compileFields(column({ type: ["integer", "string"], minimum: 3, maxLength: 4 }));
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 1 }), (id) => {
        const fits =
          typeof id === "string"
            ? [...new Intl.Segmenter("en", { granularity: "grapheme" }).segment(id)].length <= 4
            : Number.isInteger(id) && Number(id) >= 3;
        // Characters are code points to JSON Schema; a text of ASCII has as many of them as it looks to have.
        fc.pre(typeof id !== "string" || /^[\u0020-\u007e]*$/.test(id));
        expect(check({ id }).ok).toBe(fits);
      }),
    );
  });

  it("throws for fields that checkFields refuses, and names the faults", () => {
    expect(() => compileFields(column({ pattern: "(?=x)" }))).toThrow(
      /fields\.properties\.id\.pattern must be a pattern of RE2/,
    );
  });
});

describe("createFieldsCompiler", () => {
  const numbered = (number: number) => column({ const: number });

  it("keeps as many validators as its limit and drops the one that was not asked for longest", () => {
    const compiler = createFieldsCompiler({ limit: 3 });
    const first = [0, 1, 2].map((number) => compiler.compile(numbered(number)));
    expect(compiler.compile(numbered(0)), "still there").toBe(first[0]);
    compiler.compile(numbered(3));
    expect(compiler.size).toBe(3);
    expect(compiler.compile(numbered(0)), "asked for lately").toBe(first[0]);
    expect(compiler.compile(numbered(2))).toBe(first[2]);
    expect(compiler.compile(numbered(1)), "was the oldest").not.toBe(first[1]);
    expect(compiler.size).toBe(3);
  });

  it("tells fields apart by what they say, and keeps none that are refused", () => {
    const compiler = createFieldsCompiler({ limit: 3 });
    expect(compiler.compile(numbered(7))).toBe(compiler.compile(numbered(7)));
    expect(() => compiler.compile(column({ nope: 1 }))).toThrow(RangeError);
    expect(compiler.size).toBe(1);
  });

  it("leaves no schema behind, neither in an engine nor in its generated code, however many it compiles", () => {
    const compiler = createFieldsCompiler({ limit: 1 });
    const most = { cached: 0, inCode: 0 };
    for (let number = 0; number < 400; number += 1) {
      compiler.compile(numbered(number))({ id: 1 }, { partial: true });
      const engine = sharedEngine();
      const cached = sizeOf(Reflect.get(engine, "_cache"));
      const inCode = sizeOf(Reflect.get(Reflect.get(engine.scope, "_values"), "schema"));
      most.cached = Math.max(most.cached, cached);
      most.inCode = Math.max(most.inCode, inCode);
    }
    expect(most.cached).toBeGreaterThan(0);
    expect(most.cached).toBeLessThan(20);
    expect(most.inCode).toBeGreaterThan(10);
    expect(most.inCode).toBeLessThan(150);
  });
});

function sizeOf(map: unknown): number {
  return map instanceof Map ? map.size : 0;
}
