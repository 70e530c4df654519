import { TRPCError } from "@trpc/server";
import { errorCatalog, type ErrorCode, type ErrorIssue } from "@waybill/contracts";
import { trpcCodes } from "./error-table.ts";

export interface ApiErrorOptions {
  readonly code: ErrorCode;
  /** What happened; by default the catalog's description of the code. Shown to the caller. */
  readonly message?: string;
  /** What to do; by default the catalog's remedy. Shown to the caller. */
  readonly hint?: string;
  readonly issues?: readonly ErrorIssue[] | undefined;
  /** The operation that failed (data-model.md §2), if one did. */
  readonly operationId?: string | undefined;
  /** When it is worth trying again: the answer's header `retry-after`. */
  readonly retryAfterSeconds?: number | undefined;
  /** For what tRPC tells apart and Waybill's codes do not, such as 405 and 415. */
  readonly trpcCode?: TRPCError["code"];
  /** For the server's log only. */
  readonly cause?: unknown;
}

/** The server's error: what a procedure throws for its caller to read. */
export class ApiError extends TRPCError {
  readonly waybillCode: ErrorCode;
  readonly hint: string;
  readonly issues: readonly ErrorIssue[] | undefined;
  readonly operationId: string | null;
  readonly retryAfterSeconds: number | undefined;

  constructor({ code, message, hint, issues, operationId, retryAfterSeconds, trpcCode, cause }: ApiErrorOptions) {
    super({ code: trpcCode ?? trpcCodes[code], message: message ?? errorCatalog[code].description, cause });
    this.waybillCode = code;
    this.hint = hint ?? errorCatalog[code].remedy;
    this.issues = issues;
    this.operationId = operationId ?? null;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A refusal for one field. */
export function invalidField(field: string, rule: string, message: string, hint?: string): ApiError {
  return new ApiError({
    code: "VALIDATION_FAILED",
    message: field === "" ? `The input ${message}` : `${field} ${message}`,
    ...(hint === undefined ? {} : { hint }),
    issues: [{ field, rule, message }],
  });
}
