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

/** By Postgres' own naming: `<table>_pkey`, `<table>_<columns>_fkey`, `<table>_<columns>_key`, `<table>_<column>_check`. */
function columnsOfConstraint(constraint: string, { columns, primaryKey, model }: RefusedModel): readonly string[] {
  const prefix = `${model.table_name}_`;
  if (constraint === `${prefix}pkey`) return primaryKey;
  const named = model.relationships?.find(({ name }) => name === constraint);
  if (named?.kind === "many-to-one") return named.columns;
  if (!constraint.startsWith(prefix)) return [];
  const middle = constraint.slice(prefix.length).replace(/_(?:fkey|key|check)\d*$/, "");
  if (columns.includes(middle)) return [middle];
  const relation = model.relationships?.find((one) => one.kind === "many-to-one" && one.columns.join("_") === middle);
  return relation?.kind === "many-to-one" ? relation.columns : [];
}
