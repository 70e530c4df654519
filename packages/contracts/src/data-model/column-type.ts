import type { JsonObject } from "../primitives/json-object.ts";
import { columnLayers, type JsonType, jsonTypesOf, layerValues } from "./column-layers.ts";
import type { DataModelFields } from "./columns.ts";
import { type PostgresType, postgresTypeOf } from "./postgres-types.ts";

const formatTypes: ReadonlyMap<unknown, string> = new Map([
  ["uuid", "uuid"],
  ["date-time", "timestamptz"],
  ["date", "date"],
  // JSON Schema's time has an offset, which Postgres' plain time would drop without a word.
  ["time", "timetz"],
]);

/**
 * The type of Postgres that a column has: `x-pg`, else by `type` and `format`; null where there is none. Whether it can
 * hold every value is for `columnStorage` to tell, which has words for it.
 */
export function columnType(fields: DataModelFields, column: string): PostgresType | null {
  const layers = columnLayers(fields, column);
  const [given] = layerValues(layers, "x-pg");
  if (typeof given === "string") return postgresTypeOf(given);
  const [only, ...others] = [...(jsonTypesOf(layers) ?? [])].filter((type) => type !== "null");
  if (only === undefined) return null;
  const isOne = others.length === 0 || (others.length === 1 && [only, ...others].every(isNumeric));
  return isOne ? postgresTypeOf(defaultType(others.length === 0 ? only : "number", layers)) : null;
}

function isNumeric(type: JsonType): boolean {
  return type === "integer" || type === "number";
}

function defaultType(type: JsonType, layers: readonly JsonObject[]): string {
  switch (type) {
    case "string":
      return layerValues(layers, "format").map((format) => formatTypes.get(format))[0] ?? "text";
    case "integer":
      return fitsInteger(layers) ? "integer" : "bigint";
    case "number":
      return "double precision";
    case "boolean":
      return "boolean";
    case "array":
    case "object":
    case "null":
      break;
  }
  return "jsonb";
}

function fitsInteger(layers: readonly JsonObject[]): boolean {
  const numbers = (keywords: readonly string[]) =>
    keywords.flatMap((keyword) => layerValues(layers, keyword)).filter((value) => typeof value === "number");
  const least = Math.max(...numbers(["minimum", "exclusiveMinimum"]));
  const most = Math.min(...numbers(["maximum", "exclusiveMaximum"]));
  return least >= -2_147_483_648 && most <= 2_147_483_647;
}
