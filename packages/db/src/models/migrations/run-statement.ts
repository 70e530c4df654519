import { MigrationError, messageOf, sqlstateOf } from "./migration-error.ts";
import type { Statement } from "./migration-plan.ts";
import { plainName } from "./names.ts";
import type { SqlSession } from "./sql-session.ts";

type Runnable = Pick<Statement, "sql" | "kind" | "table" | "misfits">;

/** Postgres could not get a lock, or was stopped; another try may do. */
const passing = new Set(["55P03", "40P01", "40001"]);

export function mayPass(error: unknown): boolean {
  const code = sqlstateOf(error);
  return code !== undefined && passing.has(code);
}

/**
 * Runs a statement of a plan inside of a transaction.
 *
 * @throws MigrationError `ROWS_DO_NOT_FIT` with how many rows, and the key of one; `PLAN_FAILED` for all else that is not
 *   a lock's affair
 */
export async function runStatement(session: SqlSession, statement: Runnable): Promise<void> {
  await session.exec("savepoint waybill_statement");
  try {
    await session.exec(statement.sql);
  } catch (error) {
    const sqlstate = sqlstateOf(error);
    if (sqlstate === undefined || mayPass(error)) throw error;
    await session.exec("rollback to savepoint waybill_statement");
    if (sqlstate === "57014") throw tookTooLong(statement);
    if (/^2[23]/.test(sqlstate)) throw await rowsDoNotFit(session, statement, sqlstate);
    throw new MigrationError(
      "PLAN_FAILED",
      `The step "${inWords(statement)}" failed: ${messageOf(error)}.`,
      "Plan the change anew on the schema as it is. If it fails again, make it in smaller steps.",
      { sqlstate, cause: error },
    );
  }
  await session.exec("release savepoint waybill_statement");
}

function tookTooLong(statement: Runnable): MigrationError {
  return new MigrationError(
    "MIGRATION_TIMEOUT",
    `The step "${inWords(statement)}" took too long and was stopped.`,
    "Give it more time (deadlineMs), at an hour when the table may wait.",
    { sqlstate: "57014" },
  );
}

/** The database's own words stay out of it: they quote the row. */
async function rowsDoNotFit(session: SqlSession, statement: Runnable, sqlstate: string): Promise<MigrationError> {
  const found = await countMisfits(session, statement).catch(() => null);
  const many = found === null ? "Rows" : found.count === 1 ? "1 row" : `${found.count} rows`;
  const example = found?.example == null ? "" : ` (for example the one with the key ${found.example})`;
  return new MigrationError(
    "ROWS_DO_NOT_FIT",
    `${many}${statement.table === null ? "" : ` of ${plainName(statement.table)}`}${example} cannot take the step "${inWords(statement)}".`,
    "Change these rows first, or let the new schema allow them.",
    {
      sqlstate,
      rows: {
        table: statement.table === null ? null : plainName(statement.table),
        count: found?.count ?? null,
        example: found?.example ?? null,
      },
    },
  );
}

async function countMisfits(
  session: SqlSession,
  { misfits }: Runnable,
): Promise<{ count: number; example: string | null } | null> {
  if (misfits === null) return null;
  if (misfits.prepare !== null) await session.exec(misfits.prepare);
  const [row] = await session.query(misfits.count);
  const example = row?.["example"];
  return { count: Number(row?.["count"]), example: typeof example === "string" ? example : null };
}

function inWords({ kind, sql }: Runnable): string {
  const [first = ""] = sql.split("\n");
  return kind.endsWith("data") ? kind : first.slice(0, 200);
}
