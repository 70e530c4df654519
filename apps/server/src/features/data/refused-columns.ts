import type { Relationship } from "@waybill/contracts";

/** What Postgres and PostgREST say of a refusal. */
export interface RefusalText {
  readonly message: string;
  readonly details?: unknown;
}

/** The part of a model that a refusal's names are looked up in. */
export interface RefusedModel {
  readonly columns: readonly string[];
  readonly primaryKey: readonly string[];
  readonly model: { readonly table_name: string; readonly relationships: readonly Relationship[] | null };
}

const keyDetail = /^Key \(([^)]+)\)=/;
const columnMessage = /\bcolumn "([^"]+)"/;
const constraintMessage = /\bconstraint "([^"]+)"/;

/**
 * The columns that a violation is about; none when it names none. On a table with row-level security Postgres keeps the
 * key to itself (it might belong to a row that the caller may not see), so the constraint's name has to tell.
 */
export function refusedColumns({ message, details }: RefusalText, model: RefusedModel): readonly string[] {
  const ofKey = typeof details === "string" ? keyDetail.exec(details)?.[1]?.split(", ") : undefined;
  if (ofKey !== undefined) return ofKey;
  const ofMessage = columnMessage.exec(message)?.[1];
  if (ofMessage !== undefined) return [ofMessage];
  const constraint = constraintMessage.exec(message)?.[1];
  return constraint === undefined ? [] : columnsOfConstraint(constraint, model);
}

/** How the check of a column ends: as Postgres names it, and as a compiled model does, by the keyword of its schema. */
const checkSuffix =
  /_(?:check\d*|const|enum|exclusive_maximum|exclusive_minimum|format|max_length|maximum|min_length|minimum|multiple_of|pattern|type)$/;

/**
 * By Postgres' own naming (`<table>_pkey`, `<table>_<columns>_fkey`, `<table>_<columns>_key`, `<table>_<column>_check`) and
 * by that of compiled models (`<table>_<relationship>_fkey`, `<table>_<column>_<keyword>`).
 */
function columnsOfConstraint(constraint: string, { columns, primaryKey, model }: RefusedModel): readonly string[] {
  const prefix = `${model.table_name}_`;
  if (constraint === `${prefix}pkey`) return primaryKey;
  const named = model.relationships?.find(({ name }) => name === constraint);
  if (named?.kind === "many-to-one") return named.columns;
  if (!constraint.startsWith(prefix)) return [];
  const rest = constraint.slice(prefix.length);
  const ofKey = rest.replace(/_(?:fkey|key)\d*$/, "");
  const relations = (model.relationships ?? []).filter((one) => one.kind === "many-to-one");
  const relation =
    (rest.endsWith("_fkey") ? relations.find(({ name }) => name === ofKey) : undefined) ??
    relations.find((one) => one.columns.join("_") === ofKey);
  const column =
    columns.find((name) => name === ofKey) ?? columns.find((name) => name === rest.replace(checkSuffix, ""));
  return relation?.columns ?? (column === undefined ? [] : [column]);
}
