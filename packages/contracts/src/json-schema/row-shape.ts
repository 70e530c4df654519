import type { DataModelFields } from "../data-model/columns.ts";
import type { ErrorIssue } from "../errors.ts";
import type { JsonObject } from "../primitives/json-object.ts";
import { issueLimit } from "./words.ts";

/** What came of holding a row against a model's fields. */
export type RowResult = { readonly ok: true } | { readonly ok: false; readonly issues: readonly ErrorIssue[] };

/**
 * Holds a row against a model's fields, and against what their types in Postgres can hold; null in a column that may
 * hold none means the same as no value. `partial` is for the changes of an update: only the columns given are judged,
 * so nothing is required, and what speaks of several columns at once (`allOf`, `if`, …) is left to the whole row.
 */
export type RowValidator = (row: unknown, mode?: { readonly partial?: boolean }) => RowResult;

/** Keywords of the root that only a whole row can satisfy. */
const wholeRowKeywords = [
  "$ref",
  "allOf",
  "anyOf",
  "dependentRequired",
  "dependentSchemas",
  "else",
  "if",
  "minProperties",
  "not",
  "oneOf",
  "required",
  "then",
  "unevaluatedProperties",
];

/** The schema that the changes of an update are held against. */
export function partialSchema(fields: DataModelFields): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([keyword]) => !wholeRowKeywords.includes(keyword)));
}

/** The result of a row: what the schema says, and first the columns that the model does not have. */
export function rowResult(row: unknown, columns: ReadonlySet<string>, issues: readonly ErrorIssue[]): RowResult {
  const unknown = unknownColumns(row, columns);
  const rest = issues.filter(({ field }) => !unknown.some((column) => column.field === field));
  const all = [...unknown, ...rest].slice(0, issueLimit);
  return all.length === 0 ? { ok: true } : { ok: false, issues: all };
}

function unknownColumns(row: unknown, columns: ReadonlySet<string>): ErrorIssue[] {
  if (typeof row !== "object" || row === null || Array.isArray(row)) return [];
  return Object.keys(row)
    .filter((column) => !columns.has(column))
    .slice(0, issueLimit)
    .map((field) => ({ field, rule: "unknown_column", message: "must not be given: the model has no such column" }));
}
