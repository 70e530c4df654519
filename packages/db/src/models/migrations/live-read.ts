import { inOneTransaction, lostConnection, refused, unreachable } from "./live-connection.ts";
import { MigrationError, sqlstateOf } from "./migration-error.ts";
import { mayPass } from "./run-statement.ts";
import type { SqlSession } from "./sql-session.ts";

export interface LiveReadOptions {
  /** Of the database itself: `SUPABASE_DB_URL`, as the role that owns the tables. */
  readonly dbUrl: string;
  /** Default 30 s. */
  readonly deadlineMs?: number;
}

/**
 * Runs `work` in a transaction on the live database in which Postgres itself refuses every write. It holds no lock that
 * anybody but a change of schema waits for.
 *
 * @throws MigrationError `MIGRATION_BUSY`, `DATABASE_UNREACHABLE`, `MIGRATION_TIMEOUT`, and those of `work`
 */
export async function inLiveRead<T>(
  { dbUrl, deadlineMs = 30_000 }: LiveReadOptions,
  work: (session: SqlSession) => Promise<T>,
): Promise<T> {
  const settings = [
    // behind a change of schema that waits itself, everybody would wait
    "set local lock_timeout = 3000",
    `set local idle_in_transaction_session_timeout = ${Math.ceil(deadlineMs)}`,
  ];
  const mode = "isolation level repeatable read read only";
  try {
    const options = { dbUrl, deadlineMs, what: "Reading the tables", mode, arrays: true, settings };
    return await inOneTransaction(options, work);
  } catch (error) {
    if (error instanceof MigrationError) throw error;
    const sqlstate = sqlstateOf(error);
    if (sqlstate === "57014") {
      throw new MigrationError(
        "MIGRATION_TIMEOUT",
        "Reading the tables took too long and was stopped.",
        "Name fewer tables, or give it more time (deadlineMs).",
        { sqlstate, cause: error },
      );
    }
    if (mayPass(error)) {
      throw new MigrationError(
        "MIGRATION_BUSY",
        "A table could not be read: somebody changes it, or the schema.",
        "Try again when that change is done.",
        { sqlstate, cause: error },
      );
    }
    throw lostConnection(error) ? unreachable(error, false) : refused(error);
  }
}
