import type { JsonObject, JsonValue } from "../primitives/json-object.ts";
import { columnLayers, layerValues } from "./column-layers.ts";
import { columnType } from "./column-type.ts";
import { columnsOf, type DataModelFields, primaryKeyOf, requiredOf } from "./columns.ts";
import type { PostgresType } from "./postgres-types.ts";

/**
 * A model's fields as every layer holds them: with what a column's type in Postgres can hold besides what its author
 * wrote, so that server and browser refuse at once what the database would refuse or change. A required column with a
 * default is there in every row, but need not be given.
 */
export function heldFields(fields: DataModelFields): DataModelFields {
  const properties = Object.entries(fields.properties).map(([column, property]): [string, JsonObject] => {
    const type = columnType(fields, column);
    return [column, type === null ? property : held(property, type)];
  });
  const required = requiredOf(fields).filter((column) => !hasDefault(fields, column));
  return { ...fields, required, properties: Object.fromEntries(properties) };
}

/** Whether the database fills the column in when a row does not give it. */
export function hasDefault(fields: DataModelFields, column: string): boolean {
  if (fields.properties[column]?.["x-default"] !== undefined) return true;
  return layerValues(columnLayers(fields, column), "default").some((value) => value !== null);
}

function held(property: JsonObject, type: PostgresType): JsonObject {
  const limits: Record<string, JsonValue> = {};
  if (type.minimum !== undefined) limits["minimum"] = tighter(Math.max, property["minimum"], type.minimum);
  if (type.maximum !== undefined) limits["maximum"] = tighter(Math.min, property["maximum"], type.maximum);
  if (type.maxLength !== undefined) limits["maxLength"] = tighter(Math.min, property["maxLength"], type.maxLength);
  if (type.format !== undefined) limits["format"] = property["format"] ?? type.format;
  return { ...property, ...limits };
}

function tighter(pick: (a: number, b: number) => number, own: JsonValue | undefined, limit: number): number {
  return typeof own === "number" ? pick(own, limit) : limit;
}

/** The columns that may hold no value: neither required nor part of the key. */
export function nullableColumns(fields: DataModelFields): ReadonlySet<string> {
  const needed = new Set([...requiredOf(fields), ...primaryKeyOf(fields)]);
  return new Set(columnsOf(fields).filter((column) => !needed.has(column)));
}

/**
 * A table cannot tell null from a value that was not given: where a column may hold none, null means the same. Returns
 * the row itself when nothing is to be left out.
 */
export function withoutNulls(row: unknown, nullable: ReadonlySet<string>): unknown {
  if (typeof row !== "object" || row === null || Array.isArray(row)) return row;
  // Most rows have none, and are looked at without a copy.
  if (!nullable.keys().some((column) => Reflect.get(row, column) === null)) return row;
  return Object.fromEntries(Object.entries(row).filter(([column, value]) => value !== null || !nullable.has(column)));
}
