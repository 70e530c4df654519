import { resolveRef } from "../json-schema/subschemas.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../primitives/json-object.ts";
import type { DataModelFields } from "./columns.ts";

/** Schemas that a column's `$ref` and `allOf` may lead to; `checkFields` refuses what leads back to itself. */
const layerLimit = 1000;

/**
 * Every schema that a column's value must satisfy as a whole: its property, what that refers to by `$ref`, and the
 * members of `allOf`, in that order. What stands under `anyOf`, `not` or `if` decides only together with the rest.
 */
export function columnLayers(fields: DataModelFields, column: string): readonly JsonObject[] {
  const property = Object.hasOwn(fields.properties, column) ? fields.properties[column] : undefined;
  const layers: JsonObject[] = property === undefined ? [] : [property];
  for (const layer of layers) {
    if (layers.length > layerLimit) break;
    const ref = layer["$ref"];
    const target = typeof ref === "string" ? resolveRef(fields, ref) : null;
    if (target !== null) layers.push(target);
    const members = layer["allOf"];
    if (Array.isArray(members)) layers.push(...members.filter(isJsonObject));
  }
  return layers;
}

/** A keyword's values over all layers of a column. */
export function layerValues(layers: readonly JsonObject[], keyword: string): readonly JsonValue[] {
  return layers.flatMap((layer) => {
    const value = layer[keyword];
    return value === undefined ? [] : [value];
  });
}

export type JsonType = "array" | "boolean" | "integer" | "null" | "number" | "object" | "string";

/** The JSON types that a column's value may have; null where its schema does not say, so any. */
export function jsonTypesOf(layers: readonly JsonObject[]): ReadonlySet<JsonType> | null {
  const said = layerValues(layers, "type").map((type) => new Set((Array.isArray(type) ? type : [type]).filter(isType)));
  const listed = layerValues(layers, "enum").flatMap((list) => (Array.isArray(list) ? [list] : []));
  const named = [...listed, ...layerValues(layers, "const").map((value) => [value])].map(
    (values) => new Set(values.map(typeOfValue)),
  );
  const sets = said.length > 0 ? said : named;
  const [first] = sets;
  return first === undefined ? null : sets.reduce(both, first);
}

function both(a: ReadonlySet<JsonType>, b: ReadonlySet<JsonType>): Set<JsonType> {
  const shared = new Set([...a].filter((type) => b.has(type)));
  // An integer is a number.
  if ((a.has("integer") && b.has("number")) || (a.has("number") && b.has("integer"))) shared.add("integer");
  return shared;
}

const jsonTypes = ["array", "boolean", "integer", "null", "number", "object", "string"] as const;

function isType(value: JsonValue): value is JsonType {
  return jsonTypes.some((type) => type === value);
}

function typeOfValue(value: JsonValue): JsonType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  if (typeof value === "string") return "string";
  return typeof value === "boolean" ? "boolean" : "object";
}
