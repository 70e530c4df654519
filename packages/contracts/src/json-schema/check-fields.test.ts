import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkFields } from "./check-fields.ts";

const schema = (property: object, rest: object = {}) => ({
  type: "object",
  properties: { id: {}, a: property },
  ...rest,
});
const told = (fields: unknown) => checkFields(fields).map(({ field, message }) => `${field} ${message}`);

/** A `$defs` of `levels`, each of which refers twice to the next: 2^levels schemas to hold a value against. */
const doubling = (levels: number) =>
  Object.fromEntries(
    Array.from({ length: levels }, (_, level) => {
      const next = level + 1 < levels ? { $ref: `#/$defs/d${level + 1}` } : { type: "string" };
      return [`d${level}`, { allOf: [next, next] }];
    }),
  );

describe("checkFields", () => {
  it("finds nothing wrong with a schema that uses what a table can hold", () => {
    const fields = {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title: "Airport",
      type: "object",
      required: ["iata"],
      "x-primary-key": ["iata"],
      additionalProperties: false,
      $defs: { degrees: { type: "number", minimum: -180, maximum: 180 } },
      properties: {
        iata: { type: "string", pattern: "^[A-Z]{3}$" },
        latitude: { $ref: "#/$defs/degrees" },
        longitude: { $ref: "#/$defs/degrees" },
        opened: { type: ["string", "null"], format: "date", "x-pg": "date" },
        kind: { enum: ["hub", "field"], default: "field" },
        tags: { type: "array", items: { type: "string", maxLength: 20 }, uniqueItems: true, maxItems: 50 },
        contact: { type: "object", properties: { email: { type: "string", format: "email" } }, required: ["email"] },
      },
      if: { properties: { kind: { const: "hub" } } },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: { required: ["opened"] },
    };
    expect(checkFields(fields)).toEqual([]);
  });

  it.each<[string, object, string, RegExp]>([
    ["a type that is none", schema({ type: "text" }), "fields.properties.a.type", /must be one of "array"/],
    ["a limit that is no number", schema({ maxLength: "3" }), "fields.properties.a.maxLength", /must be integer/],
    ["a negative limit", schema({ maxLength: -1 }), "fields.properties.a.maxLength", /must be >= 0/],
    [
      "an unknown keyword",
      schema({ maxlength: 3 }),
      "fields.properties.a.maxlength",
      /must be a keyword of JSON Schema/,
    ],
    ["an unknown x- keyword", schema({ "x-color": "red" }), "fields.properties.a.x-color", /x-pg or x-primary-key/],
    ["an unknown format", schema({ format: "iban" }), "fields.properties.a.format", /must be one of date, date-time/],
    [
      "a remote $ref",
      schema({ $ref: "https://example.com/schema.json" }),
      "fields.properties.a.$ref",
      /must begin with #/,
    ],
    ["a file as $ref", schema({ $ref: "other.json#/x" }), "fields.properties.a.$ref", /must begin with #/],
    ["a $ref to nothing", schema({ $ref: "#/$defs/x" }), "fields.properties.a.$ref", /must point at a schema/],
    ["a $ref to a prototype", schema({ $ref: "#/properties/toString" }), "fields.properties.a.$ref", /must point at/],
    ["a $ref to the root", schema({ $ref: "#" }), "fields.properties.a.$ref", /must point at/],
    [
      "a $ref to an anchor",
      schema({ $ref: "#x" }, { $defs: { x: { $anchor: "x" } } }),
      "fields.$defs.x.$anchor",
      /must not be used/,
    ],
    ["an $id", schema({ $id: "https://example.com" }), "fields.properties.a.$id", /must not be used/],
    ["a dynamic $ref", schema({ $dynamicRef: "#x" }), "fields.properties.a.$dynamicRef", /must not be used/],
    ["a $ref to itself", schema({ $ref: "#/properties/a" }), "fields", /must not lead back to itself/],
    [
      "a loop of $refs",
      schema({ $ref: "#/$defs/x" }, { $defs: { x: { anyOf: [{ $ref: "#/$defs/x" }] } } }),
      "fields",
      /lead back/,
    ],
    ["a tree of $refs", schema({ properties: { child: { $ref: "#/properties/a" } } }), "fields", /lead back/],
    ["$refs that double", schema({ $ref: "#/$defs/d0" }, { $defs: doubling(40) }), "fields", /use its \$refs less/],
    ["look-ahead", schema({ pattern: "(?=a)b" }), "fields.properties.a.pattern", /pattern of RE2/],
    ["a back-reference", schema({ pattern: "(a)\\1" }), "fields.properties.a.pattern", /pattern of RE2/],
    ["no pattern at all", schema({ pattern: "(" }), "fields.properties.a.pattern", /./],
    [
      "a huge pattern",
      schema({ pattern: "(a{1,100}){1,9}(b{1,500}){1,2}" }),
      "fields.properties.a.pattern",
      /smaller pattern/,
    ],
    [
      "a pattern of names",
      schema({ patternProperties: { "(?!x)": {} } }),
      "fields.properties.a.patternProperties.(?!x)",
      /RE2/,
    ],
    [
      "uniqueItems without end",
      schema({ uniqueItems: true }),
      "fields.properties.a.uniqueItems",
      /maxItems of at most 1000/,
    ],
    [
      "uniqueItems of too many",
      schema({ uniqueItems: true, maxItems: 1001 }),
      "fields.properties.a.uniqueItems",
      /maxItems/,
    ],
    ["an empty enum", schema({ enum: [] }), "fields", /enum must have non-empty array/],
    ["a rule of the plain schema", schema({}, { type: "array" }), "fields.type", /must be "object"/],
    [
      "keywords that ajv makes no code of that runs",
      { ...schema({}), if: { oneOf: [{ contains: { minimum: 0 } }], not: {} }, else: { dependentSchemas: {} } },
      "fields",
      /must be a schema that can be run/,
    ],
    ["nothing", JSON.parse("null"), "fields", /must be a JSON Schema/],
  ])("refuses %s", (_fault, fields, field, message) => {
    expect(told(fields)).toContainEqual(expect.stringMatching(message));
    expect(checkFields(fields).map((issue) => issue.field)).toContain(field);
  });

  it("refuses more than 200 $refs", () => {
    const refs = Array.from({ length: 201 }, () => ({ $ref: "#/$defs/x" }));
    expect(told(schema({ prefixItems: refs }, { $defs: { x: {} } }))).toContainEqual(
      expect.stringMatching(/at most 200/),
    );
    expect(told(schema({ prefixItems: refs.slice(1) }, { $defs: { x: {} } }))).toEqual([]);
  });

  it("takes a column whose name is a keyword for a column, and data for data", () => {
    const inner = { type: "object", properties: { $ref: { type: "string" }, pattern: { type: "string" }, $id: {} } };
    expect(told(schema(inner))).toEqual([]);
    expect(told(schema({ const: { $ref: "https://example.com", format: "nope" } }))).toEqual([]);
    expect(told(schema({ enum: [{ $id: "x" }], default: { pattern: "(" } }))).toEqual([]);
  });

  it("answers anything with a list, never by throwing", () => {
    const keyword = fc.constantFrom(
      "type",
      "$ref",
      "pattern",
      "enum",
      "items",
      "allOf",
      "not",
      "properties",
      "format",
      "$defs",
    );
    const property = fc.dictionary(keyword, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 });
    const anything = fc.oneof(
      fc.anything(),
      property.map((value) => schema(value)),
      property,
    );
    fc.assert(
      fc.property(anything, (fields) => {
        for (const issue of checkFields(fields)) expect(issue.message).toMatch(/^must/i);
      }),
      { numRuns: 300 },
    );
  });
});
