import { describe, expect, it } from "vitest";
import type { JsonObject } from "../primitives.ts";
import { classifyChange } from "./change.ts";
import { type DataModelFields, dataModelFieldsSchema } from "./fields.ts";

const column = (schema: JsonObject, rest: JsonObject = {}): DataModelFields =>
  dataModelFieldsSchema.parse({
    type: "object",
    required: ["id"],
    properties: { id: { type: "integer" }, a: schema },
    ...rest,
  });
const text = { type: "string", maxLength: 10 };
const base = column(text);

describe("classifyChange", () => {
  it.each<[string, DataModelFields]>([
    ["nothing", base],
    ["the order of keys", column({ maxLength: 10, type: "string" })],
    ["a description", column({ ...text, description: "the name", title: "Name", examples: ["x"] })],
    ["a default", column({ ...text, default: "x" })],
    ["a default by the database", column({ ...text, "x-default": "auth.uid()" })],
    ["a definition that nobody uses", column(text, { $defs: { x: { type: "string" } } })],
  ])("calls %s a patch", (_what, next) => expect(classifyChange(base, next)).toBe("patch"));

  it.each<[string, DataModelFields, DataModelFields]>([
    ["a column", base, column(text, { properties: { ...base.properties, b: { type: "string" } } })],
    ["a longer maximum", base, column({ ...text, maxLength: 11 })],
    ["no maximum", base, column({ type: "string" })],
    ["another type besides", base, column({ ...text, type: ["string", "null"] })],
    ["number for integer", column({ type: "integer" }), column({ type: "number" })],
    ["no type", column({ type: "integer" }), column({})],
    ["a lower minimum", column({ minimum: 3 }), column({ minimum: 2 })],
    ["one more value", column({ enum: ["a"] }), column({ enum: ["b", "a"] })],
    ["any value", column({ enum: ["a"] }), column({})],
    ["no pattern", column({ pattern: "a" }), column({})],
    ["no required column", base, column(text, { required: [] })],
    ["a property of a nested object", column({ properties: {} }), column({ properties: { x: {} } })],
    [
      "a property of a nested object that allows no other",
      column({ properties: {}, additionalProperties: false }),
      column({ properties: { x: text }, additionalProperties: false }),
    ],
    [
      "a wider definition",
      column({ $ref: "#/$defs/x" }, { $defs: { x: { maxLength: 1 } } }),
      column({ $ref: "#/$defs/x" }, { $defs: { x: { maxLength: 2 } } }),
    ],
    ["longer items", column({ items: { maxLength: 1 } }), column({ items: { maxLength: 2 } })],
  ])("calls %s minor", (_what, previous, next) => expect(classifyChange(previous, next)).toBe("minor"));

  it.each<[string, DataModelFields, DataModelFields]>([
    ["a column gone", base, column(text, { properties: { id: { type: "integer" } } })],
    ["a column renamed", base, column(text, { properties: { id: { type: "integer" }, b: text } })],
    [
      "no default where a row needs the value",
      column({ ...text, default: "x" }, { required: ["id", "a"] }),
      column(text, { required: ["id", "a"] }),
    ],
    [
      "no default in the key",
      column({ default: 1 }, { "x-primary-key": ["a"] }),
      column({}, { "x-primary-key": ["a"] }),
    ],
    ["a column newly required", base, column(text, { required: ["id", "a"] })],
    [
      "a new column that is required",
      base,
      column(text, { required: ["id", "b"], properties: { ...base.properties, b: {} } }),
    ],
    ["another type", base, column({ ...text, type: "integer" })],
    ["a type less", column({ type: ["string", "null"] }), column({ type: "string" })],
    ["integer for number", column({ type: "number" }), column({ type: "integer" })],
    ["a type where there was none", column({}), column({ type: "string" })],
    ["a shorter maximum", base, column({ ...text, maxLength: 9 })],
    ["a maximum where there was none", column({}), column({ maxLength: 9 })],
    ["a higher minimum", column({ minimum: 3 }), column({ minimum: 4 })],
    ["a value less", column({ enum: ["a", "b"] }), column({ enum: ["a"] })],
    ["values where any was right", column({}), column({ enum: ["a"] })],
    ["another pattern", column({ pattern: "a" }), column({ pattern: "b" })],
    ["a new format", base, column({ ...text, format: "email" })],
    ["another key", base, column(text, { "x-primary-key": ["a"] })],
    ["another Postgres type", base, column({ ...text, "x-pg": "citext" })],
    ["shorter items", column({ items: { maxLength: 2 } }), column({ items: { maxLength: 1 } })],
    ["a definition that changed", column(text, { $defs: { x: {} } }), column(text, { $defs: { x: { maxLength: 1 } } })],
    ["a property of an open nested object", column({ properties: {} }), column({ properties: { x: text } })],
    [
      "a property where a pattern named it already",
      column({ patternProperties: { x: {} }, additionalProperties: false }),
      column({ patternProperties: { x: {} }, additionalProperties: false, properties: { x: text } }),
    ],
    [
      "properties that nothing looks at any more",
      column({ additionalProperties: true, unevaluatedProperties: false }),
      column({ unevaluatedProperties: false }),
    ],
    ...["not", "if", "contains", "oneOf"].map((keyword): [string, DataModelFields, DataModelFields] => {
      const schema = { $ref: "#/$defs/x" };
      const use = { [keyword]: keyword === "oneOf" ? [schema, {}] : schema };
      const wider = { x: { maxLength: 2 } };
      return [
        `a wider definition under ${keyword}`,
        column(use, { $defs: { x: { maxLength: 1 } } }),
        column(use, { $defs: wider }),
      ];
    }),
    ["a keyword that cannot be judged", base, column({ ...text, not: { const: "x" } })],
  ])("calls %s major", (_what, previous, next) => expect(classifyChange(previous, next)).toBe("major"));

  it("takes the greatest of several changes", () => {
    const next = column(
      { ...text, maxLength: 9, title: "x" },
      { properties: { ...base.properties, a: { maxLength: 9 }, b: {} } },
    );
    expect(classifyChange(base, next)).toBe("major");
  });
});
