import { MigrationError } from "./migration-error.ts";

/** One connection: what one call begins, the next one is in. */
export interface SqlSession {
  /** Runs one or more statements. */
  exec(sql: string): Promise<void>;
  /** Runs one statement with `$1` parameters. */
  query(sql: string, parameters?: readonly string[]): Promise<Record<string, unknown>[]>;
}

/**
 * A database to try SQL on, with what a Supabase project has before its first migration, as its superuser. Whoever
 * gives it also throws it away; planning and proving leave it as they found it, unless their deadline passes.
 */
export type ScratchDatabase = SqlSession;

/** Until when something may take, and what it is called. */
export interface Deadline {
  readonly end: number;
  readonly milliseconds: number;
  readonly what: string;
}

export function deadlineIn(milliseconds: number, what: string): Deadline {
  return { end: performance.now() + milliseconds, milliseconds, what };
}

/** Waits for `work` until the deadline, and no longer. */
export async function before<T>({ end, milliseconds, what }: Deadline, work: () => T | Promise<T>): Promise<T> {
  const late = (): MigrationError =>
    new MigrationError(
      "MIGRATION_TIMEOUT",
      `${what} took longer than ${milliseconds} ms.`,
      "Give it more time (deadlineMs), or a smaller sample of rows.",
    );
  const left = end - performance.now();
  if (left <= 0) throw late();
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(late()), left);
  try {
    return await Promise.race([work(), promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** The same connection, on which nothing takes longer than until the deadline. */
export function withDeadline(session: SqlSession, deadline: Deadline): SqlSession {
  return {
    exec: (sql) => before(deadline, () => session.exec(sql)),
    query: (sql, parameters) => before(deadline, () => session.query(sql, parameters)),
  };
}

/** Runs `work` in a transaction that is never kept. */
export async function inScratch<T>(
  scratch: ScratchDatabase,
  what: string,
  deadlineMs: number,
  work: (session: SqlSession) => Promise<T>,
): Promise<T> {
  const session = withDeadline(scratch, deadlineIn(deadlineMs, what));
  await session.exec(`begin; set local statement_timeout = ${Math.ceil(deadlineMs)}; set local timezone = 'UTC'`);
  try {
    return await work(session);
  } finally {
    // after a deadline the connection may still be busy with what took so long
    await withDeadline(scratch, deadlineIn(5000, "Clearing the scratch database"))
      .exec("rollback")
      .catch(() => undefined);
  }
}

/** Runs `work`, then takes back what it did to the database. */
export async function takenBack<T>(session: SqlSession, work: () => Promise<T>): Promise<T> {
  await session.exec("savepoint waybill_taken_back");
  const result = await work();
  await session.exec("rollback to savepoint waybill_taken_back; release savepoint waybill_taken_back");
  return result;
}
