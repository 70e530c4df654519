export type LedgerErrorCode = "LEDGER_FULL" | "SHUTTING_DOWN" | "ENVIRONMENT_INVALID";

/**
 * Why the ledger takes no further operation.
 * `LEDGER_FULL`: the journal cannot grow (its cap, or the disk). `SHUTTING_DOWN`: it was closed.
 * `ENVIRONMENT_INVALID`: the journal's directory cannot be used at all; thrown by `openLedger`.
 */
export class LedgerError extends Error {
  readonly code: LedgerErrorCode;
  readonly hint: string;

  constructor(code: LedgerErrorCode, message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "LedgerError";
    this.code = code;
    this.hint = hint;
  }
}

/** The system's own name of a failure (`ENOSPC`), or its message. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return code === undefined || error.message.includes(code) ? error.message : `${code}: ${error.message}`;
}

/** Whether a file system call failed with this code. */
export function failedWith(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" && codes.includes(error.code);
}
