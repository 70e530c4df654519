/**
 * Why a change of schema was not planned, proven or made.
 *
 * `SCHEMA_INVALID`: Postgres refuses the text of a schema. `RENAME_UNKNOWN`: a rename names what is not there.
 * `CHANGE_UNSUPPORTED`: the change needs what this planner does not do. `ROWS_DO_NOT_FIT`: rows that exist break the new schema.
 * `PLAN_FAILED`: a statement of the plan fails, or they lead elsewhere than to the schema asked for.
 * `PROOF_FAILED`: a way does not end where the plan says. `PLAN_CHANGED`: the plan is not the one that was made.
 * `SCHEMA_DRIFTED`: the database is not in the state from which the plan starts. `CONFIRMATION_NEEDED`: the plan loses data.
 * `NOT_APPLIED`: there is nothing to roll back. `DROPPED_DATA_PURGED`: what the rollback would restore is gone.
 * `MIGRATION_BUSY`: somebody else holds a lock. `MIGRATION_TIMEOUT`: a step took longer than it may.
 * `MIGRATION_IN_DOUBT`: the connection broke while committing. `DATABASE_UNREACHABLE`: there was no connection, nothing changed.
 */
export type MigrationErrorCode =
  | "SCHEMA_INVALID"
  | "RENAME_UNKNOWN"
  | "CHANGE_UNSUPPORTED"
  | "ROWS_DO_NOT_FIT"
  | "PLAN_FAILED"
  | "PROOF_FAILED"
  | "PLAN_CHANGED"
  | "SCHEMA_DRIFTED"
  | "CONFIRMATION_NEEDED"
  | "NOT_APPLIED"
  | "DROPPED_DATA_PURGED"
  | "MIGRATION_BUSY"
  | "MIGRATION_TIMEOUT"
  | "MIGRATION_IN_DOUBT"
  | "DATABASE_UNREACHABLE";

export interface MigrationErrorDetails {
  /** What Postgres said, five characters. */
  readonly sqlstate?: string | undefined;
  /** Rows that do not fit: how many (null where it cannot be told), and the key of one. Never another value. */
  readonly rows?: { readonly table: string | null; readonly count: number | null; readonly example: string | null };
  /** Where two catalogs differ, or what a plan would lose; a line each, at most twenty. */
  readonly lines?: readonly string[];
  readonly cause?: unknown;
}

/** Every failure of a change of schema: a stable code, what happened, and what to do. */
export class MigrationError extends Error {
  readonly code: MigrationErrorCode;
  readonly hint: string;
  readonly sqlstate: string | undefined;
  readonly rows: MigrationErrorDetails["rows"];
  readonly lines: readonly string[];

  constructor(code: MigrationErrorCode, message: string, hint: string, details: MigrationErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "MigrationError";
    this.code = code;
    this.hint = hint;
    this.sqlstate = details.sqlstate;
    this.rows = details.rows;
    this.lines = (details.lines ?? []).slice(0, 20);
  }
}

/** Postgres's code of an error, if it has one. */
export function sqlstateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

/** What an error says; for those of Postgres without its detail, where values of rows stand. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether Postgres refused what it was told. Else it was stopped, or went away, and nothing is said of the SQL. */
export function isRefusal(error: unknown): boolean {
  const sqlstate = sqlstateOf(error);
  return sqlstate !== undefined && !/^(08|53|57)/.test(sqlstate);
}

/** What such a failure is: Postgres keeps the same deadlines as we do, and may be the first to say so. */
export function stopped(error: unknown, what: string): unknown {
  if (sqlstateOf(error) !== "57014") return error;
  return new MigrationError(
    "MIGRATION_TIMEOUT",
    `${what} took too long and was stopped.`,
    "Give it more time (deadlineMs), or a smaller sample of rows.",
    { sqlstate: "57014", cause: error },
  );
}
