import postgres from "postgres";
import { MigrationError, messageOf, sqlstateOf } from "./migration-error.ts";
import { before, deadlineIn, withDeadline, type SqlSession } from "./sql-session.ts";

export interface OneTransaction {
  readonly dbUrl: string;
  /** For all but connecting and committing. */
  readonly deadlineMs: number;
  /** What is done, as a sentence begins: "The change of the schema". */
  readonly what: string;
  /** `isolation level …`, `read only`. */
  readonly mode?: string;
  /** Arrays come as such, and not as text: pg-delta wants that. Costs a query when connecting. */
  readonly arrays?: boolean;
  /** Statements at its start. */
  readonly settings: readonly string[];
}

/** Runs `work` in a transaction of a connection of its own, which is closed when this ends. */
export async function inOneTransaction<T>(
  { dbUrl, deadlineMs, what, mode = "", arrays = false, settings }: OneTransaction,
  work: (session: SqlSession) => Promise<T>,
): Promise<T> {
  const sql = postgres(dbUrl, {
    max: 1,
    connect_timeout: 15,
    prepare: false,
    fetch_types: arrays,
    onnotice: () => undefined,
  });
  try {
    // a transaction of postgres.js stays on its connection, and fails with it
    const begun = async (transaction: Pick<postgres.Sql, "unsafe">) => {
      const deadline = deadlineIn(deadlineMs, what);
      const session = withDeadline(sessionOf(transaction), deadline);
      const always = [
        `set local statement_timeout = ${Math.ceil(deadlineMs)}`,
        "set local timezone = 'UTC'",
        "set local search_path = pg_catalog",
      ];
      await session.exec([...always, ...settings].join(";\n"));
      // whoever is told of the steps may hang too
      return { result: await before(deadline, () => work(session)) };
    };
    // connecting and committing have no deadline of their own
    const all = deadlineIn(deadlineMs + 20_000, `${what}, from connecting to committing,`);
    const done = await before(all, () => sql.begin(mode, begun));
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
export function lostConnection(error: unknown): boolean {
  const code = sqlstateOf(error);
  return code === undefined ? error instanceof Error && "code" in error : /^(08|57P|53)/.test(code);
}

export function refused(error: unknown): MigrationError {
  return new MigrationError(
    "PLAN_FAILED",
    `The database refused: ${messageOf(error)}.`,
    "Connect as the role that owns the tables, which on a hosted project is postgres.",
    { sqlstate: sqlstateOf(error), cause: error },
  );
}

export function unreachable(error: unknown, committing: boolean): MigrationError {
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
    "Make the same call again: what stands is not made twice, and NOT_APPLIED says that it was taken back.",
    { cause: error },
  );
}
