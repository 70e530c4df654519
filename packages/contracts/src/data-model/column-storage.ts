import type { JsonObject } from "../primitives/json-object.ts";
import { columnLayers, type JsonType, jsonTypesOf, layerValues } from "./column-layers.ts";
import { columnType } from "./column-type.ts";
import type { DataModelFields } from "./columns.ts";
import { type PostgresType, postgresTypeNames, postgresTypeOf, type TypeFamily } from "./postgres-types.ts";

export type ColumnStorage =
  | { readonly ok: true; readonly type: PostgresType; readonly json: ReadonlySet<JsonType> | null }
  | { readonly ok: false; readonly rule: "type" | "x-pg"; readonly message: string };

/** The families that can hold every value of a JSON type. */
const families: Readonly<Record<Exclude<JsonType, "null">, readonly TypeFamily[]>> = {
  array: ["json", "array"],
  boolean: ["boolean"],
  integer: ["integer", "float", "numeric"],
  number: ["float", "numeric"],
  object: ["json"],
  string: ["text", "uuid", "timestamptz", "date", "timetz", "opaque"],
};

/** Which type of Postgres a column of the model has: `x-pg`, else by `type` and `format`. */
export function columnStorage(fields: DataModelFields, column: string): ColumnStorage {
  const layers = columnLayers(fields, column);
  const types = jsonTypesOf(layers);
  const json = types === null ? null : [...types].filter((type) => type !== "null");
  const [given] = layerValues(layers, "x-pg");
  if (typeof given === "string") return storageNamed(given, types, json, layers);
  if (json === null || json.length === 0) {
    const message = "must name a type besides null, such as string; or x-pg: jsonb, for any JSON value";
    return { ok: false, rule: "type", message };
  }
  const type = columnType(fields, column);
  if (type !== null) return { ok: true, type, json: types };
  const message = `must be one type besides null, not ${json.join(" and ")}; or keep it with x-pg: jsonb`;
  return { ok: false, rule: "type", message };
}

function unknownType(): ColumnStorage {
  return { ok: false, rule: "x-pg", message: `must be one of ${postgresTypeNames()}, or one of them with []` };
}

function storageNamed(
  text: string,
  types: ReadonlySet<JsonType> | null,
  json: readonly JsonType[] | null,
  layers: readonly JsonObject[],
): ColumnStorage {
  const type = postgresTypeOf(text);
  if (type === null) return unknownType();
  if (json === null || json.length !== 1) return anyJson(type, types);
  const [only] = json;
  if (only === undefined || only === "null") return anyJson(type, types);
  if (!families[only].includes(type.family)) {
    const message = `must be a type for ${only}: ${type.name} cannot hold every ${only}; correct type or x-pg`;
    return { ok: false, rule: "x-pg", message };
  }
  const [format] = layerValues(layers, "format");
  if (type.format !== undefined && format !== undefined && format !== type.format) {
    const message = `must fit the format ${JSON.stringify(format)}: ${type.name} keeps another; leave one of them out`;
    return { ok: false, rule: "x-pg", message };
  }
  return { ok: true, type, json: types };
}

function anyJson(type: PostgresType, json: ReadonlySet<JsonType> | null): ColumnStorage {
  if (type.family === "json") return { ok: true, type, json };
  const said = json === null ? "any JSON value" : [...json].join(" and ");
  const message = `must be one type that ${type.name} can hold, not ${said}; only json and jsonb hold several`;
  return { ok: false, rule: "type", message };
}
