import { errorCatalog, type ErrorCode, type ErrorIssue } from "@waybill/contracts";

export interface WaybillDbErrorOptions {
  readonly code: ErrorCode;
  /** What happened. Never a secret, a value of a row or SQL text. */
  readonly message?: string;
  /** What to do about it. */
  readonly hint?: string;
  /** What Postgres said, five characters; null when it said nothing. */
  readonly sqlstate?: string | null;
  readonly issues?: readonly ErrorIssue[];
  readonly cause?: unknown;
}

/** Every failure that leaves this package's stores: a stable code, what happened, and what to do. */
export class WaybillDbError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly sqlstate: string | null;
  readonly issues: readonly ErrorIssue[] | undefined;

  constructor({ code, message, hint, sqlstate, issues, cause }: WaybillDbErrorOptions) {
    super(message ?? errorCatalog[code].description, cause === undefined ? undefined : { cause });
    this.name = "WaybillDbError";
    this.code = code;
    this.hint = hint ?? errorCatalog[code].remedy;
    this.sqlstate = sqlstate ?? null;
    this.issues = issues;
  }
}
