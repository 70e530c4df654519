import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DataModelFields, dataModelFieldsSchema } from "../data-model/fields.ts";
import type { ErrorIssue } from "../errors.ts";
import { checkFields } from "../json-schema/check-fields.ts";
import { compileFields } from "../json-schema/compile-fields.ts";
import { formatNames } from "../json-schema/formats.ts";
import type { RowResult } from "../json-schema/row-shape.ts";
import { schemaValidator } from "./row-validator.ts";

type Schema = Record<string, unknown>;

const scalars = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    "",
    "a",
    "ab",
    "🛫",
    "e\u0301",
    "2026-01-01",
    0,
    -0,
    1,
    2.5,
    -3,
    1e21,
    0.1,
  ),
  fc.integer({ min: -5, max: 5 }),
  fc.string({ maxLength: 4 }),
);
const names = fc.constantFrom("a", "b", "c", "toString", "x1");
const values = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalars,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(names, tie("value"), { maxKeys: 4 }),
  ),
})).value;

const types = fc.constantFrom("array", "boolean", "integer", "null", "number", "object", "string");
const counts = fc.nat(3);
const some = (keywords: Record<string, fc.Arbitrary<unknown>>) => fc.record(keywords, { requiredKeys: [] });

/** Keywords that look at a value by itself. */
const flat: fc.Arbitrary<Schema> = fc.oneof(
  some({
    type: fc.oneof(types, fc.uniqueArray(types, { minLength: 1, maxLength: 3 })),
    enum: fc.uniqueArray(scalars, { minLength: 1, maxLength: 3, comparator: Object.is }),
  }),
  some({
    type: fc.constantFrom("number", "integer"),
    minimum: fc.integer({ min: -3, max: 3 }),
    maximum: fc.integer({ min: -3, max: 3 }),
    exclusiveMinimum: fc.integer({ min: -3, max: 3 }),
    exclusiveMaximum: fc.integer({ min: -3, max: 3 }),
    multipleOf: fc.constantFrom(1, 2, 0.5, 0.1),
  }),
  some({
    type: fc.constant("string"),
    minLength: counts,
    maxLength: counts,
    pattern: fc.constantFrom("^a", "b$", "^.$", "\\d", "[^a]", "(?i)A", ""),
    format: fc.constantFrom(...formatNames),
    const: scalars,
  }),
);

/** Keywords by what they look at, so that a schema has several that meet. */
const schemas = fc.letrec<{ schema: Schema; inner: unknown }>((tie) => ({
  inner: fc.oneof({ weight: 9, arbitrary: tie("schema") }, { weight: 1, arbitrary: fc.boolean() }),
  schema: fc.oneof(
    { depthSize: "small" },
    flat,
    some({
      type: fc.constant("array"),
      minItems: counts,
      maxItems: counts,
      uniqueItems: fc.boolean(),
      prefixItems: fc.array(tie("inner"), { minLength: 1, maxLength: 2 }),
      items: tie("inner"),
    }),
    some({
      type: fc.constant("object"),
      properties: fc.dictionary(names, tie("inner"), { maxKeys: 3 }),
      patternProperties: fc.dictionary(fc.constantFrom("^a", "\\d$"), tie("inner"), { maxKeys: 2 }),
      additionalProperties: tie("inner"),
      required: fc.uniqueArray(names, { maxLength: 2 }),
      minProperties: counts,
      maxProperties: counts,
      propertyNames: tie("inner"),
      dependentRequired: fc.dictionary(names, fc.uniqueArray(names, { maxLength: 2 }), { maxKeys: 2 }),
      dependentSchemas: fc.dictionary(names, tie("inner"), { maxKeys: 2 }),
    }),
    some({
      allOf: fc.array(tie("inner"), { minLength: 1, maxLength: 2 }),
      anyOf: fc.array(tie("inner"), { minLength: 1, maxLength: 2 }),
      oneOf: fc.array(tie("inner"), { minLength: 1, maxLength: 2 }),
      not: tie("inner"),
    }),
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    fc.record({ if: tie("inner"), then: tie("inner"), else: tie("inner") }),
    fc.constantFrom<Schema>({ $ref: "#/$defs/shared" }, { $ref: "#/$defs/shared", maxLength: 1 }),
  ),
}));

/** Of a column itself: inside other schemas ajv 8.20 makes code of it that does not run. */
const containing = some({ contains: flat, minContains: fc.nat(2), maxContains: fc.integer({ min: 2, max: 3 }) });

const fields = fc
  .record({
    id: fc.oneof({ weight: 7, arbitrary: schemas.schema }, { weight: 1, arbitrary: containing }),
    a: schemas.schema,
    whole: schemas.schema,
    shared: schemas.inner,
  })
  .map(({ id, a, whole, shared }) => ({
    ...Object(without(["$ref"], whole)),
    $defs: { shared: without(["$ref", "prefixItems"], shared) },
    type: "object",
    required: ["a"],
    properties: { id, a },
  }))
  .map((schema) => withoutAjvsFault(schema))
  .filter((schema) => checkFields(schema).length === 0)
  .map((schema) => dataModelFieldsSchema.parse(schema));

/** A schema without some keywords, wherever they stand. */
function without(keywords: readonly string[], schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema), (key, value: unknown) => (keywords.includes(key) ? undefined : value));
}

/** Under `if` and `not`, ajv stops at a prefixItems that is longer than the list (docs/decisions/rules.md). */
function withoutAjvsFault(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    key === "if" || key === "not" ? without(["prefixItems"], value) : value,
  );
}

const rows = fc
  .oneof(
    { weight: 9, arbitrary: fc.record({ id: values, a: values, other: values }, { requiredKeys: [] }) },
    { weight: 1, arbitrary: values },
  )
  .map((row): unknown => JSON.parse(JSON.stringify(row)));

/** In an order of their own: which keyword speaks first is nobody's business. */
function issuesOf(result: RowResult): string[] {
  return result.ok ? [] : result.issues.map(shown).toSorted();
}

function shown({ field, rule, message }: ErrorIssue): string {
  return `${field} | ${rule} | ${message}`;
}

function agree(schema: DataModelFields, row: unknown, partial: boolean): void {
  const server = compileFields(schema)(row, { partial });
  // An answer that is full is cut off somewhere.
  fc.pre(server.ok || server.issues.length < 40);
  expect(issuesOf(schemaValidator(schema)(row, { partial }))).toEqual(issuesOf(server));
}

describe("browser and server", () => {
  it("say the same of any row, keyword by keyword", () => {
    fc.assert(
      fc.property(fields, fc.array(rows, { minLength: 5, maxLength: 5 }), fc.boolean(), (schema, all, partial) => {
        for (const row of all) agree(schema, row, partial);
      }),
      { numRuns: 150, seed: 20_261_126 },
    );
  });
});
