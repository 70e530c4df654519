import type { DataFilter, DataWhere, JsonValue } from "@waybill/contracts";
import type { ReadyModel } from "../../models/model-lookup.ts";
import { columnType, isJson, isPostgresArray } from "./column-types.ts";
import { quoteValue } from "./keyset.ts";

/** A condition as PostgREST takes it: an operator of its own, and what is held against the column. */
export interface Operation {
  readonly operator: string;
  /** As it stands alone in a parameter of the URL. */
  readonly operand: string;
  /** Whether the operand is a text that has to be quoted among others. */
  readonly quoted: boolean;
}

export function operationOf({ model }: ReadyModel, { column, op, value: given }: DataFilter): Operation {
  const value = comparand({ model }, { column, op, value: given });
  if (op === "in")
    return { operator: "in", operand: `(${plainValues(value).map(quoteValue).join(",")})`, quoted: false };
  if (op === "is") return { operator: "is", operand: JSON.stringify(value), quoted: false };
  if (op === "contains")
    return { operator: "cs", operand: containsOperand({ model }, { column, value }), quoted: true };
  if ((op === "like" || op === "ilike") && typeof value === "string" && value.includes("*")) {
    return { operator: op === "like" ? "match" : "imatch", operand: patternAsRegex(value), quoted: true };
  }
  if (op === "search") return { operator: "wfts", operand: typeof value === "string" ? value : "", quoted: true };
  const isText = typeof value === "string";
  return { operator: op, operand: isText ? value : JSON.stringify(value), quoted: isText };
}

/** What a column is compared with: where it holds any JSON, a plain value is JSON too, and its text in quotes. */
export function comparand(
  { model }: Pick<ReadyModel, "model">,
  { column, op, value }: Pick<DataFilter, "column" | "op" | "value">,
): JsonValue {
  if (op === "is" || op === "contains" || !isJson(columnType(model.fields, column))) return value;
  return op === "in" && Array.isArray(value) ? value.map((one) => JSON.stringify(one)) : JSON.stringify(value);
}

/** What a column is to contain, as Postgres reads it: an array of its own, or JSON. */
export function containsOperand(
  { model }: Pick<ReadyModel, "model">,
  { column, value }: Pick<DataFilter, "column" | "value">,
): string {
  const isArray = Array.isArray(value) && isPostgresArray(columnType(model.fields, column));
  return isArray ? arrayText(plainValues(value)) : JSON.stringify(value);
}

/** A tree as one expression of PostgREST's grammar for `and`, `or` and `not`. */
export function whereText(ready: ReadyModel, where: DataWhere): string {
  if ("and" in where) return `and(${where.and.map((part) => whereText(ready, part)).join(",")})`;
  if ("or" in where) return `or(${where.or.map((part) => whereText(ready, part)).join(",")})`;
  if ("not" in where) return negated(ready, where.not);
  return conditionText(ready, where, "");
}

function negated(ready: ReadyModel, where: DataWhere): string {
  if ("not" in where) return whereText(ready, where.not);
  return "column" in where ? conditionText(ready, where, "not.") : `not.${whereText(ready, where)}`;
}

function conditionText(ready: ReadyModel, filter: DataFilter, not: "" | "not."): string {
  const { operator, operand, quoted } = operationOf(ready, filter);
  return `${filter.column}.${not}${operator}.${quoted ? quoteValue(operand) : operand}`;
}

/** PostgREST reads `*` in a pattern as `%` and knows no escape for it: a pattern with one goes as a regular expression. */
function patternAsRegex(pattern: string): string {
  const parts = pattern.match(/\\[\s\S]|[\s\S]/gu) ?? [];
  const regex = parts.map((part) => {
    if (part === "%") return ".*";
    if (part === "_") return ".";
    const character = part.length > 1 && part.startsWith("\\") ? part.slice(1) : part;
    return character.replace(/[\\^$.*+?()[\]{}|]/, String.raw`\$&`);
  });
  return `^${regex.join("")}$`;
}

function arrayText(values: readonly (string | number | boolean)[]): string {
  // every text in quotes: a bare NULL would be one
  return `{${values.map(quoteValue).join(",")}}`;
}

function plainValues(value: JsonValue): (string | number | boolean)[] {
  return Array.isArray(value) ? value.filter(isPlain) : [];
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
