import type { LiteConnection } from "./lite.ts";

/** A value for `$1`. */
export type SqlParameter = string | number | boolean | null | readonly string[];

/** A Postgres that the stack runs: the seam between an engine and everything above it. */
export interface Engine {
  /** What the Data API, Auth and Storage speak to, walled off already. */
  readonly connection: LiteConnection;
  /** A `postgresql://` address, with its password, for DDL, jobs and backups. */
  readonly dbUrl: string;
  /** Runs one or more statements as the superuser. */
  readonly exec: (sql: string) => Promise<void>;
  /** Runs one statement with `$1` parameters as the superuser. */
  readonly query: (sql: string, parameters?: readonly SqlParameter[]) => Promise<Record<string, unknown>[]>;
  /** Runs `work` between BEGIN and COMMIT as the superuser, alone on its session; ROLLBACK if it throws. */
  transaction<T>(work: (session: EngineSession) => Promise<T>): Promise<T>;
  /** Calls back after a commit that sent `notify pgrst`, as every change of tables and functions does. */
  onSchemaChange(callback: () => void): Promise<void>;
  /** Whether nothing may be written for now, because the disk with its files is almost full. */
  readonly lowOnSpace: () => boolean;
  /** Resolves to the reason when the database has ended by itself: nothing works any more. */
  readonly crashed: Promise<string>;
  /** Makes everything durable and frees files, ports and processes. Safe to call twice. */
  close(): Promise<void>;
}

export type EngineSession = Pick<Engine, "exec" | "query">;
