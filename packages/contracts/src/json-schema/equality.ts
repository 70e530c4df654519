import { _, type Ajv2020, type FuncKeywordDefinition } from "ajv/dist/2020.js";
import { isJsonObject, type JsonObject, type JsonValue } from "../primitives/json-object.ts";
import { hasTwice, isAmong, same } from "./same.ts";

/** The keywords that compare whole values. */
const keywords: readonly FuncKeywordDefinition[] = [
  {
    keyword: "const",
    compile: (wanted: JsonValue) => (value: JsonValue) => same(wanted, value),
    error: { message: "must be equal to constant", params: ({ schemaCode }) => _`{allowedValue: ${schemaCode}}` },
  },
  {
    keyword: "enum",
    schemaType: "array",
    compile(allowed: readonly JsonValue[]) {
      if (allowed.length === 0) throw new Error("enum must have non-empty array");
      return (value: JsonValue) => isAmong(allowed, value);
    },
    error: {
      message: "must be equal to one of the allowed values",
      params: ({ schemaCode }) => _`{allowedValues: ${schemaCode}}`,
    },
  },
  {
    keyword: "uniqueItems",
    type: "array",
    schemaType: "boolean",
    compile: (isUnique: boolean, parent: JsonObject) => (list: readonly JsonValue[]) =>
      !isUnique || !hasTwice(isJsonObject(parent["items"]) ? parent["items"]["type"] : undefined, list),
    error: { message: "must not hold an item twice" },
  },
];

/** ajv's own comparison calls `toString` and `valueOf` of the value, which may be columns of a row and then no functions. */
export function compareByJson(engine: Ajv2020): void {
  for (const definition of keywords) {
    engine.removeKeyword(String(definition.keyword));
    engine.addKeyword(definition);
  }
}
