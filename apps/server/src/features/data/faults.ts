import type { DataListInput, DataModelFields, ErrorIssue, JsonObject, JsonValue } from "@waybill/contracts";
import type { ReadyModel } from "../models/model-lookup.ts";

type Filter = NonNullable<DataListInput["filters"]>[number];

/** Characters that a key may have in a URL, percent-encoded; servers refuse longer lines with less helpful words. */
const keyLimit = 8000;

/** The types of JSON Schema that a JavaScript value may stand for. */
const jsonTypes: Readonly<Record<string, readonly string[]>> = {
  string: ["string"],
  number: ["number", "integer"],
  boolean: ["boolean"],
};

export function columnFaults({ columns, model }: ReadyModel, column: string, field: string): ErrorIssue[] {
  if (columns.includes(column)) return [];
  return [{ field, rule: "unknown_column", message: `must be a column of ${model.model_name}: ${column} is none` }];
}

/** What is wrong with an order: only plain values have a place in one that a cursor can name. */
export function orderFaults(ready: ReadyModel, column: string, index: number): ErrorIssue[] {
  const field = `order.${index}.column`;
  const types = typesOf(ready.model.fields, column) ?? [];
  if (!types.includes("object") && !types.includes("array")) return columnFaults(ready, column, field);
  return [{ field, rule: "type", message: `must not be ${column}: it holds no plain values` }];
}

/**
 * What is wrong with a filter, given its column's type. Postgres would tell too, but names neither field nor rule.
 * A column without a declared type takes any value.
 */
export function filterFaults(ready: ReadyModel, filter: Filter, index: number): ErrorIssue[] {
  const at = `filters.${index}`;
  const unknown = columnFaults(ready, filter.column, `${at}.column`);
  const types = typesOf(ready.model.fields, filter.column);
  if (unknown.length > 0 || types === null) return unknown;
  if (filter.op === "like" || filter.op === "ilike") {
    if (types.includes("string")) return [];
    return [{ field: `${at}.op`, rule: "type", message: `must not be ${filter.op}: ${filter.column} is no text` }];
  }
  if (filter.op === "is") {
    if (filter.value === null || types.includes("boolean")) return [];
    return [{ field: `${at}.value`, rule: "type", message: `must be null: ${filter.column} is no boolean` }];
  }
  const values = Array.isArray(filter.value) ? filter.value : [filter.value];
  return values.every((value: JsonValue) => fits(types, value)) ? [] : [typeFault(`${at}.value`, types)];
}

/** What is wrong with a row's key: it must name every column of the primary key and no other. */
export function keyFaults({ model, primaryKey }: ReadyModel, key: JsonObject): ErrorIssue[] {
  const given = Object.keys(key);
  if (given.length !== primaryKey.length || !primaryKey.every((column) => Object.hasOwn(key, column))) {
    return [{ field: "key", rule: "primary_key", message: `must be the primary key: ${primaryKey.join(", ")}` }];
  }
  if (encodeURIComponent(JSON.stringify(key)).length > keyLimit) {
    return [{ field: "key", rule: "too_long", message: `must have at most ${keyLimit} characters, percent-encoded` }];
  }
  return Object.entries(key).flatMap(([column, value]) => {
    const types = typesOf(model.fields, column);
    return types === null || fits(types, value) ? [] : [typeFault(`key.${column}`, types)];
  });
}

function typeFault(field: string, types: readonly string[]): ErrorIssue {
  return { field, rule: "type", message: `must be of type ${types.join(" or ")}, as its column is` };
}

function fits(types: readonly string[], value: JsonValue): boolean {
  return value === null || (jsonTypes[typeof value] ?? []).some((type) => types.includes(type));
}

/** The declared types of a column; null if its schema declares none. */
function typesOf(fields: DataModelFields, column: string): readonly string[] | null {
  const type = Object.hasOwn(fields.properties, column) ? fields.properties[column]?.["type"] : undefined;
  if (typeof type === "string") return [type];
  return Array.isArray(type) ? type.filter((name): name is string => typeof name === "string") : null;
}
