import type { AuthError } from "@supabase/supabase-js";
import { callErrorCode, lastOperationId } from "@waybill/db";
import type { ErrorCode } from "@waybill/contracts";
import { ApiError } from "./api-error.ts";
import { codeOfAuth } from "./error-table.ts";

/** Codes whose message Supabase Auth writes for the user: what is wrong with a password, an address, a link. */
const tellable: ReadonlySet<ErrorCode> = new Set(["VALIDATION_FAILED", "FORBIDDEN", "UNIQUE_VIOLATION"]);

/** What Waybill itself refused to send, or gave up. */
const refusals: Readonly<Record<string, ErrorCode>> = {
  OPERATION_TIMEOUT: "OPERATION_TIMEOUT",
  CLIENT_DISCONNECTED: "CLIENT_DISCONNECTED",
  TRANSPORT_BUSY: "TRANSPORT_BUSY",
  LEDGER_FULL: "LEDGER_FULL",
  SHUTTING_DOWN: "SHUTTING_DOWN",
};

/**
 * What Supabase Auth answered with, as an error for the caller.
 *
 * @param what was asked, as the beginning of the sentence: `Signing in`
 * @param error null when the answer had neither an error nor what was asked for
 */
export function authError(what: string, error: AuthError | null): ApiError {
  const code = codeOf(error);
  const told = error !== null && tellable.has(code);
  return new ApiError({
    code,
    ...(told ? { message: `${what} failed: ${error.message}` } : {}),
    ...(told && code === "VALIDATION_FAILED"
      ? { issues: [{ field: fieldOf(error), rule: error.code ?? "refused", message: error.message }] }
      : {}),
    operationId: lastOperationId(),
    cause: error,
  });
}

function codeOf(error: AuthError | null): ErrorCode {
  if (error === null) return "SUPABASE_ERROR";
  // only a request without an answer can hold a refusal of Waybill's own: what Auth says may quote its caller
  const refused = (error.status ?? 0) === 0 ? callErrorCode(error) : undefined;
  if (refused !== undefined) return refusals[refused] ?? "SUPABASE_UNREACHABLE";
  const known = error.code === undefined ? undefined : codeOfAuth(error.code);
  return known ?? codeOfStatus(error.status ?? 0);
}

/** auth-js reports a request without an answer, and a gateway's 502–504 and 520–530, as AuthRetryableFetchError. */
function codeOfStatus(status: number): ErrorCode {
  if (status === 0 || (status >= 502 && status <= 504) || status >= 520) return "SUPABASE_UNREACHABLE";
  if (status === 429) return "RATE_LIMITED";
  if (status === 400 || status === 422) return "VALIDATION_FAILED";
  return "SUPABASE_ERROR";
}

function fieldOf({ code, message }: AuthError): string {
  if (code === "weak_password" || /password/i.test(message)) return "password";
  return /e-?mail|address/i.test(message) ? "email" : "";
}
