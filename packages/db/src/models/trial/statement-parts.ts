import type { SqlSession } from "../migrations/sql-session.ts";
import { type Refusal, refusalOf } from "./refusal.ts";

/** A refusal, and the field of the model that it is about. */
export type RefusedPart = Refusal & { readonly field: string };

/**
 * The parts of a model that Postgres speaks of when it refuses a compiled statement.
 *
 * @param origin where the statement comes from, as `CompiledModel.origins` says
 * @param columns of the table, in the order of its statement
 */
export async function refusedParts(
  session: SqlSession,
  sql: string,
  origin: string,
  refusal: Refusal,
  columns: readonly string[],
): Promise<RefusedPart[]> {
  if (/^rls_policies\.\d+$/.test(origin)) return refusedClauses(session, sql, origin, refusal);
  if (/^indexes\.\d+$/.test(origin)) return [{ ...refusal, field: `${origin}.${indexPart(sql, refusal)}` }];
  return [{ ...refusal, field: origin === "fields" ? tableField(sql, refusal, columns) : origin }];
}

/** Of a policy Postgres does not say where in the statement a fault is: each clause is tried alone. */
async function refusedClauses(
  session: SqlSession,
  sql: string,
  origin: string,
  refusal: Refusal,
): Promise<RefusedPart[]> {
  const [using, check] = [sql.indexOf("\n  using ("), sql.lastIndexOf("\n  with check (")];
  if (using < 0 || check < 0) return [{ ...refusal, field: `${origin}.${using < 0 ? "check" : "using"}` }];
  const alone = {
    using: await refusalOf(session, sql.slice(0, check)),
    check: await refusalOf(session, sql.slice(0, using) + sql.slice(check)),
  };
  const found = Object.entries(alone).flatMap(([part, said]) =>
    said === null ? [] : [{ ...said, field: `${origin}.${part}` }],
  );
  return found.length > 0 ? found : [{ ...refusal, field: origin }];
}

function indexPart(sql: string, { at }: Refusal): string {
  const where = sql.indexOf(" where (");
  return where >= 0 && (at === null || at > where) ? "where" : "method";
}

/** Each line of the statement is a column, the key, or a CHECK. */
function tableField(sql: string, { at, message }: Refusal, columns: readonly string[]): string {
  const named = /\bcolumn "([^"]+)"/.exec(message)?.[1];
  const line = at === null ? undefined : sql.slice(0, at).split(",\n  ").length - 1;
  const column = columns.find((name, index) => name === named || (named === undefined && index === line));
  return column === undefined ? "fields" : `fields.properties.${column}`;
}
