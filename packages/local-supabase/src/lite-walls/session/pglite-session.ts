import {
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from "kysely";
import type { SessionLock } from "./lock.ts";

/** The part of PGlite that a walled session needs. */
export interface Pglite {
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the shape of PGlite's own method
  query<T>(sql: string, parameters: unknown[]): Promise<{ rows: T[]; affectedRows?: number }>;
  exec(sql: string): Promise<{ rows: unknown[] }[]>;
  isInTransaction(): boolean;
}

export interface PgliteSessionOptions {
  lock: SessionLock;
  /** How long one request may keep the session, in milliseconds, before it is rolled back. */
  holdMs: number;
}

class HoldExpiredError extends Error {
  override readonly name = "HoldExpiredError";
  // SQLSTATE idle_in_transaction_session_timeout: what Postgres itself says of such a transaction.
  readonly code = "25P03";
}

/** One holder's turn on PGlite's only session; it ends with `release()` or when `holdMs` is over. */
class Turn implements DatabaseConnection {
  readonly #pglite: Pglite;
  readonly #release: () => void;
  readonly #holdMs: number;
  readonly #timer: NodeJS.Timeout;
  #over = false;

  constructor(pglite: Pglite, release: () => void, holdMs: number) {
    this.#pglite = pglite;
    this.#release = release;
    this.#holdMs = holdMs;
    this.#timer = setTimeout(() => void this.release().catch(() => {}), holdMs);
    this.#timer.unref();
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    this.#refuseIfOver();
    const { rows, affectedRows } = await this.#pglite.query<R>(query.sql, [...query.parameters]);
    return affectedRows === undefined ? { rows } : { rows, numAffectedRows: BigInt(affectedRows) };
  }

  // oxlint-disable-next-line require-yield -- Kysely asks for a generator; PGlite has no cursor
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("PGlite does not stream rows; use execute().");
  }

  /** BEGIN or COMMIT, by the protocol of one message instead of five. */
  async control(statement: "BEGIN" | "COMMIT"): Promise<void> {
    this.#refuseIfOver();
    await this.#pglite.exec(statement);
  }

  /** Nothing to do in a turn that has expired: its transaction is rolled back, and the session another's by now. */
  async rollback(): Promise<void> {
    if (!this.#over) await this.#pglite.exec("ROLLBACK");
  }

  #refuseIfOver(): void {
    if (this.#over) throw new HoldExpiredError(`The transaction was rolled back after ${this.#holdMs} ms.`);
  }

  async release(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    try {
      if (this.#pglite.isInTransaction()) await this.#pglite.exec("ROLLBACK");
    } finally {
      this.#release();
    }
  }
}

class PgliteSessionDriver implements Driver {
  readonly #pglite: Pglite;
  readonly #options: PgliteSessionOptions;

  constructor(pglite: Pglite, options: PgliteSessionOptions) {
    this.#pglite = pglite;
    this.#options = options;
  }

  async acquireConnection(): Promise<Turn> {
    const release = await this.#options.lock.acquire();
    return new Turn(this.#pglite, release, this.#options.holdMs);
  }

  async releaseConnection(turn: Turn): Promise<void> {
    await turn.release();
  }

  async beginTransaction(turn: Turn): Promise<void> {
    await turn.control("BEGIN");
  }

  async commitTransaction(turn: Turn): Promise<void> {
    await turn.control("COMMIT");
  }

  async rollbackTransaction(turn: Turn): Promise<void> {
    await turn.rollback();
  }

  async init(): Promise<void> {}

  async destroy(): Promise<void> {}
}

/** A Kysely dialect on PGlite that keeps the session from `acquireConnection` to `releaseConnection`. */
export function pgliteSessionDialect(pglite: Pglite, options: PgliteSessionOptions): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new PgliteSessionDriver(pglite, options),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}
