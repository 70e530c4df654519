import { setTimeout as wait } from "node:timers/promises";
import { jittered } from "../../backoff.ts";
import { advisoryLock } from "./advisory-lock.ts";
import { inOneTransaction, lostConnection, refused, unreachable } from "./live-connection.ts";
import { MigrationError, sqlstateOf } from "./migration-error.ts";
import { mayPass } from "./run-statement.ts";
import type { SqlSession } from "./sql-session.ts";

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
  const progress: Progress = { committing: false, inDoubt: false };
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(dbUrl, lockTimeoutMs, deadlineMs, progress, (session) => work(session, attempt));
    } catch (error) {
      const own = error instanceof MigrationError;
      const lost = !own && lostConnection(error);
      // whatever Postgres answers to a commit says that nothing stands
      if (progress.committing && (own || lost)) progress.inDoubt = true;
      progress.committing = false;
      const busy = mayPass(error);
      if (attempt >= tries || !(busy || lost)) throw progress.inDoubt ? unreachable(error, true) : failure(error);
      await wait(jittered({ firstMs: 200, limitMs: 3000 }, attempt - 1));
    }
  }
}

interface Progress {
  committing: boolean;
  /** A commit had no answer, and no try since then has found out what became of it. */
  inDoubt: boolean;
}

function failure(error: unknown): MigrationError {
  if (error instanceof MigrationError) return error;
  if (sqlstateOf(error) === "57014") return tookTooLong(error);
  if (mayPass(error)) return tooBusy(error);
  return lostConnection(error) ? unreachable(error, false) : refused(error);
}

function once<T>(
  dbUrl: string,
  lockTimeoutMs: number,
  deadlineMs: number,
  progress: Progress,
  work: (session: SqlSession) => Promise<T>,
): Promise<T> {
  const settings = [
    `set local lock_timeout = ${Math.ceil(lockTimeoutMs)}`,
    // one whose process hangs gives its locks back
    `set local idle_in_transaction_session_timeout = ${Math.ceil(deadlineMs)}`,
    // a copy that a policy thins out must fail
    "set local row_security = off",
    "set constraints all immediate",
    `select ${advisoryLock}`,
  ];
  return inOneTransaction({ dbUrl, deadlineMs, what: "The change of the schema", settings }, async (session) => {
    // an earlier try that may have been committed held that lock to its end
    progress.inDoubt = false;
    const result = await work(session);
    progress.committing = true;
    return result;
  });
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
