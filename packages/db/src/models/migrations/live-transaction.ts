import { setTimeout as wait } from "node:timers/promises";
import postgres from "postgres";
import { jittered } from "../../backoff.ts";
import { MigrationError, messageOf, sqlstateOf } from "./migration-error.ts";
import { mayPass } from "./run-statement.ts";
import { before, deadlineIn, withDeadline, type SqlSession } from "./sql-session.ts";

export interface LiveOptions {
  /** Of the database itself: `SUPABASE_DB_URL`, as the role that owns the tables. */
  readonly dbUrl: string;
  /** How long a try waits for each lock while others wait behind it. Default 3 s. */
  readonly lockTimeoutMs?: number;
  /** Default 4: what a busy table refuses once, it may give later. */
  readonly tries?: number;
  /** For each try. Default 120 s. */
  readonly deadlineMs?: number;
}

/** Whose lock it is: two that change a schema never meet, wherever they run. */
const advisoryLock = "pg_catalog.pg_advisory_xact_lock(hashtext('waybill'), hashtext('migrations'))";

/**
 * Runs `work` in one transaction on the live database, as the only one that changes its schema. What a lock or the network
 * refused is tried again from the start; `work` must find out by itself whether an earlier try was committed after all.
 *
 * @throws MigrationError `MIGRATION_BUSY`, `MIGRATION_IN_DOUBT`, `DATABASE_UNREACHABLE`, `MIGRATION_TIMEOUT`, and those of `work`
 */
export async function inLiveTransaction<T>(
  { dbUrl, lockTimeoutMs = 3000, tries = 4, deadlineMs = 120_000 }: LiveOptions,
  work: (session: SqlSession, attempt: number) => Promise<T>,
): Promise<T> {
  const progress = { committing: false };
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(dbUrl, lockTimeoutMs, deadlineMs, progress, (session) => work(session, attempt));
    } catch (error) {
      if (error instanceof MigrationError) {
        throw progress.committing && error.code === "MIGRATION_TIMEOUT" ? unreachable(error, true) : error;
      }
      const busy = mayPass(error);
      if (sqlstateOf(error) === "57014") throw tookTooLong(error);
      if (!busy && !lostConnection(error)) throw refused(error);
      if (attempt >= tries) throw busy ? tooBusy(error) : unreachable(error, progress.committing);
      await wait(jittered({ firstMs: 200, limitMs: 3000 }, attempt - 1));
    }
  }
}

async function once<T>(
  dbUrl: string,
  lockTimeoutMs: number,
  deadlineMs: number,
  progress: { committing: boolean },
  work: (session: SqlSession) => Promise<T>,
): Promise<T> {
  const sql = postgres(dbUrl, {
    max: 1,
    connect_timeout: 15,
    prepare: false,
    fetch_types: false,
    onnotice: () => undefined,
  });
  try {
    // a transaction of postgres.js stays on its connection, and fails with it
    const begun = async (transaction: Pick<postgres.Sql, "unsafe">) => {
      const deadline = deadlineIn(deadlineMs, "The change of the schema");
      const session = withDeadline(sessionOf(transaction), deadline);
      await session.exec(
        [
          `set local lock_timeout = ${Math.ceil(lockTimeoutMs)}`,
          `set local statement_timeout = ${Math.ceil(deadlineMs)}`,
          // one whose process hangs gives its locks back
          `set local idle_in_transaction_session_timeout = ${Math.ceil(deadlineMs)}`,
          // a copy that a policy thins out must fail
          "set local row_security = off",
          "set local timezone = 'UTC'",
          "set local search_path = pg_catalog",
          "set constraints all immediate",
          `select ${advisoryLock}`,
        ].join(";\n"),
      );
      // an earlier try that may have been committed held that lock to its end
      progress.committing = false;
      // whoever is told of the steps may hang too
      const result = await before(deadline, () => work(session));
      progress.committing = true;
      return { result };
    };
    // connecting and committing have no deadline of their own
    const all = deadlineIn(deadlineMs + 20_000, "The change of the schema, from connecting to committing,");
    const done = await before(all, () => sql.begin(begun));
    return done.result;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function sessionOf(sql: Pick<postgres.Sql, "unsafe">): SqlSession {
  return {
    exec: async (text) => {
      await sql.unsafe(text).simple();
    },
    query: async (text, parameters = []) => [...(await sql.unsafe(text, [...parameters]))],
  };
}

/** The server goes, or the network went: not an answer to what was asked. */
function lostConnection(error: unknown): boolean {
  const code = sqlstateOf(error);
  return code === undefined ? error instanceof Error && "code" in error : /^(08|57P|53)/.test(code);
}

function refused(error: unknown): MigrationError {
  return new MigrationError(
    "PLAN_FAILED",
    `The database refused: ${messageOf(error)}.`,
    "Connect as the role that owns the tables, which on a hosted project is postgres.",
    { sqlstate: sqlstateOf(error), cause: error },
  );
}

function tookTooLong(error: unknown): MigrationError {
  return new MigrationError(
    "MIGRATION_TIMEOUT",
    "The change of the schema took too long and was stopped. Nothing was changed.",
    "Give it more time (deadlineMs), at an hour when the tables may wait.",
    { sqlstate: "57014", cause: error },
  );
}

function tooBusy(error: unknown): MigrationError {
  return new MigrationError(
    "MIGRATION_BUSY",
    "A lock was not to be had: somebody else uses a table of the change for long, or changes the schema too. Nothing was changed.",
    "Try again at a quieter hour, or end the long transaction (pg_stat_activity tells which).",
    { sqlstate: sqlstateOf(error), cause: error },
  );
}

function unreachable(error: unknown, committing: boolean): MigrationError {
  if (!committing) {
    return new MigrationError(
      "DATABASE_UNREACHABLE",
      `The database cannot be reached (${messageOf(error)}). Nothing was changed.`,
      "Look at SUPABASE_DB_URL and at the database, and try again.",
      { cause: error },
    );
  }
  return new MigrationError(
    "MIGRATION_IN_DOUBT",
    "The connection broke while the change was committed: it stands wholly, or not at all.",
    "Apply the same plan again: what was applied is not applied twice.",
    { cause: error },
  );
}
