import { sqlstateOf } from "../migrations/migration-error.ts";
import type { SqlSession } from "../migrations/sql-session.ts";

/** What Postgres holds against a statement. */
export interface Refusal {
  readonly sqlstate: string;
  readonly message: string;
  /** Where in the statement, in characters from 0; null where it does not say. */
  readonly at: number | null;
}

/** Postgres could not do it here and now, which says nothing about the statement. */
const ofTheMoment = /^(?:08|40|53|54|55|57|58|XX)/;

/** Runs statements in a transaction; one that Postgres refuses has then done nothing. */
export async function refusalOf(session: SqlSession, sql: string): Promise<Refusal | null> {
  await session.exec("savepoint waybill_trial");
  try {
    await session.exec(sql);
  } catch (error) {
    const sqlstate = sqlstateOf(error);
    if (sqlstate === undefined || ofTheMoment.test(sqlstate) || !(error instanceof Error)) throw error;
    await session.exec("rollback to savepoint waybill_trial");
    return { sqlstate, message: error.message, at: placeOf(error, sql) };
  }
  await session.exec("release savepoint waybill_trial");
  return null;
}

/** Postgres counts characters from 1, JavaScript its own units from 0. */
function placeOf(error: Error, sql: string): number | null {
  const position = "position" in error ? Number(error.position) : Number.NaN;
  if (!Number.isInteger(position) || position < 1) return null;
  return Array.from(sql)
    .slice(0, position - 1)
    .join("").length;
}
