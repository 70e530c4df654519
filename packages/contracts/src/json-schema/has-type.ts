import { isJsonObject, type JsonValue } from "../primitives/json-object.ts";

/** Whether a value is of a type of JSON Schema, or of one of several. */
export function hasType(type: JsonValue, value: JsonValue): boolean {
  if (Array.isArray(type)) return type.some((one: JsonValue) => hasType(one, value));
  if (type === "null") return value === null;
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isJsonObject(value);
  return typeof value === type;
}
