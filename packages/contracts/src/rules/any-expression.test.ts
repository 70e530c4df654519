import fc from "fast-check";
import { expect, it } from "vitest";
import { createRowValidator } from "../browser/row-validator.ts";
import { dataModelFieldsSchema } from "../data-model/fields.ts";
import { checkRules } from "./check-rules.ts";
import { compileModel } from "./compile-model.ts";

const fields = dataModelFieldsSchema.parse({
  type: "object",
  properties: {
    id: { type: "string" },
    n: { type: ["integer", "null"] },
    x: { type: "number" },
    ok: { type: "boolean" },
    at: { type: "string", format: "date-time" },
    tags: { type: "array", maxItems: 5, items: { type: "string" } },
    loose: {},
  },
});

const columns = fc.constantFrom("id", "n", "x", "ok", "at", "tags", "loose");
const literals = fc.constantFrom(
  "1",
  "0",
  "2.5",
  "'a'",
  "''",
  "null",
  "true",
  "[1, 2]",
  "{'a': 1}",
  "'🛫'",
  "1e308",
  "b'x'",
);
const binary = fc.constantFrom("+", "-", "*", "/", "%", "==", "!=", "<", "<=", "&&", "||", "in");
const calls = fc.constantFrom("size", "int", "double", "string", "bool", "timestamp", "duration", "has", "dyn");
const methods = fc.constantFrom("matches", "contains", "startsWith", "size", "trim", "getHours", "all", "map");

/** Texts that are near to CEL, and mostly wrong. */
const expressions = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    columns,
    literals,
    fc.tuple(tie("text"), binary, tie("text")).map(([a, op, b]) => `${a} ${op} ${b}`),
    fc.tuple(tie("text"), binary, tie("text")).map(([a, op, b]) => `(${a}) ${op} (${b})`),
    fc.tuple(calls, tie("text")).map(([name, a]) => `${name}(${a})`),
    fc.tuple(tie("text"), methods, tie("text")).map(([a, name, b]) => `(${a}).${name}(${b})`),
    fc.tuple(tie("text"), tie("text")).map(([a, b]) => `(${a}).all(i, (${b}) == i)`),
    fc.tuple(tie("text"), tie("text")).map(([a, b]) => `(${a}) ? (${b}) : true`),
    fc.tuple(tie("text"), tie("text")).map(([a, b]) => `(${a})[${b}]`),
    fc.string({ maxLength: 5 }),
  ),
})).text;

const rows = fc.record(
  {
    id: fc.string(),
    n: fc.oneof(fc.constant(null), fc.integer(), fc.constantFrom(9_007_199_254_740_991, 1e300)),
    x: fc.double({ noNaN: true, noDefaultInfinity: true }),
    ok: fc.boolean(),
    at: fc.constantFrom("2026-01-01T00:00:00Z", "2016-12-31T23:59:60Z"),
    tags: fc.array(fc.string(), { maxLength: 5 }),
    loose: fc.jsonValue({ maxDepth: 2 }),
  },
  { requiredKeys: [] },
);

it("is checked, and run though it was refused, with an answer and never by throwing; in browsers alike", () => {
  let taken = 0;
  fc.assert(
    fc.property(expressions, rows, (expression, row) => {
      const rule = { name: "r", expression, message: "no" };
      const issues = checkRules({ fields, validation_rules: [rule] });
      for (const { message } of issues) expect(message).toMatch(/^(matches: )?must/);
      if (issues.length === 0) taken += 1;
      const given = JSON.parse(JSON.stringify(row));
      const server = compileModel(fields, [rule]).row(given);
      expect(createRowValidator(fields, [rule]).row(given)).toEqual(server);
    }),
    { numRuns: 1500 },
  );
  expect(taken).toBeGreaterThan(3);
});
