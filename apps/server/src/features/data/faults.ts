import type { DataFilter, DataWhere, ErrorIssue, JsonObject, JsonValue } from "@waybill/contracts";
import type { ReadyModel } from "../models/model-lookup.ts";
import { columnType, type ColumnType, fits, hasParts, isTextual } from "./reading/column-types.ts";

/** Characters that a key may have in a URL, percent-encoded; servers refuse longer lines with less helpful words. */
const keyLimit = 8000;

export function columnFaults({ columns, model }: ReadyModel, column: string, field: string): ErrorIssue[] {
  if (columns.includes(column)) return [];
  return [{ field, rule: "unknown_column", message: `must be a column of ${model.model_name}: ${column} is none` }];
}

/** What is wrong with an order: only plain values have a place in one that a cursor can name. */
export function orderFaults(ready: ReadyModel, column: string, field: string): ErrorIssue[] {
  if (hasParts(columnType(ready.model.fields, column)) !== true) return columnFaults(ready, column, field);
  return [{ field, rule: "type", message: `must not be ${column}: it holds no plain values` }];
}

/** What is wrong with a tree of conditions, which {@link filterFaults} tells of each. */
export function whereFaults(ready: ReadyModel, where: DataWhere, at: string): ErrorIssue[] {
  if ("column" in where) return filterFaults(ready, where, at);
  if ("not" in where) return whereFaults(ready, where.not, `${at}.not`);
  const [key, parts] = "and" in where ? (["and", where.and] as const) : (["or", where.or] as const);
  return parts.flatMap((part, index) => whereFaults(ready, part, `${at}.${key}.${index}`));
}

/**
 * What is wrong with a filter, given its column's type. Postgres would tell too, but names neither field nor rule.
 * A column without a declared type takes any value.
 */
export function filterFaults(ready: ReadyModel, filter: DataFilter, at: string): ErrorIssue[] {
  const unknown = columnFaults(ready, filter.column, `${at}.column`);
  if (unknown.length > 0) return unknown;
  const type = columnType(ready.model.fields, filter.column);
  const operator = filter.op === "search" ? searchFault(ready, filter.column, type) : operatorFault(filter, type);
  if (operator !== null) return [{ field: `${at}.op`, rule: "type", message: operator }];
  const message = valueFault(filter, type);
  return message === null ? [] : [{ field: `${at}.value`, rule: "type", message }];
}

function operatorFault({ column, op }: DataFilter, type: ColumnType): string | null {
  const { types } = type;
  if (op === "is") return null;
  if (op === "like" || op === "ilike") {
    return isTextual(type) ? null : `must not be ${op}: ${column} is no text; use eq, in, gt or lt`;
  }
  if (op === "contains") {
    return hasParts(type) === false ? `must not be contains: ${column} is no array or object; use eq or like` : null;
  }
  if (types !== null && !types.some(isPlainType)) return `must not be ${op}: ${column} has parts; use contains`;
  const compares = op !== "eq" && op !== "neq" && op !== "in";
  return compares && types?.every((name) => name === "boolean" || name === "null") === true
    ? `must not be ${op}: ${column} is a boolean, which has no order; use eq or is`
    : null;
}

/** Without its index a search reads every word of every row. */
function searchFault({ model }: ReadyModel, column: string, { pg }: ColumnType): string | null {
  const indexed = model.indexes?.some(({ method, columns, where }) => {
    return method === "gin" && where === undefined && columns.includes(column);
  });
  if (pg === "tsvector" && indexed === true) return null;
  return `must not be search: ${column} has no index of words; use a column with x-pg tsvector and a gin index in the model`;
}

function isPlainType(type: string): boolean {
  return type === "string" || type === "number" || type === "integer" || type === "boolean";
}

function valueFault({ column, op, value }: DataFilter, { types }: ColumnType): string | null {
  if (types === null || op === "like" || op === "ilike" || op === "search") return null;
  if (op === "is") return value === null || types.includes("boolean") ? null : `must be null: ${column} is no boolean`;
  if (op === "contains") {
    const form = Array.isArray(value) ? "array" : "object";
    return types.includes(form) ? null : `must be an ${form === "array" ? "object" : "array"}, as ${column} is`;
  }
  const values = Array.isArray(value) ? value : [value];
  return values.every((one: JsonValue) => fits(types, one)) ? null : typeMessage(types);
}

/** What is wrong with a row's key: it must name every column of the primary key and no other. */
export function keyFaults({ model, primaryKey }: ReadyModel, key: JsonObject, at = "key"): ErrorIssue[] {
  const given = Object.keys(key);
  if (given.length !== primaryKey.length || !primaryKey.every((column) => Object.hasOwn(key, column))) {
    return [{ field: at, rule: "primary_key", message: `must be the primary key: ${primaryKey.join(", ")}` }];
  }
  if (encodeURIComponent(JSON.stringify(key)).length > keyLimit) {
    return [{ field: at, rule: "too_long", message: `must have at most ${keyLimit} characters, percent-encoded` }];
  }
  return Object.entries(key).flatMap(([column, value]) => {
    const { types } = columnType(model.fields, column);
    const field = `${at}.${column}`;
    if (types !== null && !fits(types, value)) return [{ field, rule: "type", message: typeMessage(types) }];
    if (types?.includes("number") === true || !isRounded(value)) return [];
    const message =
      "must be at most 2^53 - 1 either way: JSON has made another integer of a larger one, and named another row";
    return [{ field, rule: "maximum", message }];
  });
}

function isRounded(value: JsonValue): boolean {
  return typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
}

/** What is wrong with what an upsert tells two rows apart by: Postgres needs a whole unique index for it. */
export function conflictFaults(
  { model, primaryKey }: ReadyModel,
  row: JsonObject,
  columns: readonly string[],
): ErrorIssue[] {
  const declared = (model.indexes ?? []).filter(({ unique, where }) => unique && where === undefined);
  const known = [primaryKey, ...declared.map((index) => index.columns)];
  const wanted = new Set(columns);
  if (!known.some((one) => one.length === wanted.size && one.every((column) => wanted.has(column)))) {
    const choices = known.map((one) => one.join(", ")).join("; or ");
    const message = `must be the primary key or a unique index of the model: ${choices}`;
    return [{ field: "on_conflict", rule: "unique_index", message }];
  }
  return [...wanted].flatMap((column) => {
    if (Object.hasOwn(row, column) && row[column] !== null) return [];
    return [{ field: `row.${column}`, rule: "required", message: "must be given: rows are told apart by it" }];
  });
}

function typeMessage(types: readonly string[]): string {
  return `must be of type ${types.join(" or ")}, as its column is`;
}
