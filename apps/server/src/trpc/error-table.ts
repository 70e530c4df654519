import type { TRPCError } from "@trpc/server";
import type { ErrorCode } from "@waybill/contracts";

/** What each of Waybill's codes is to tRPC, and so to HTTP. Exhaustive: a new code does not compile without its row. */
export const trpcCodes = {
  ILLEGAL_TRANSITION: "CONFLICT",
  VALIDATION_FAILED: "BAD_REQUEST",
  MALFORMED_REQUEST: "BAD_REQUEST",
  PAYLOAD_TOO_LARGE: "PAYLOAD_TOO_LARGE",
  UNAUTHENTICATED: "UNAUTHORIZED",
  TOKEN_INVALID: "UNAUTHORIZED",
  TOKEN_UNSIGNED: "UNAUTHORIZED",
  TOKEN_ALGORITHM: "UNAUTHORIZED",
  TOKEN_FORGED: "UNAUTHORIZED",
  TOKEN_FOREIGN: "UNAUTHORIZED",
  CLOCK_SKEW: "UNAUTHORIZED",
  SESSION_EXPIRED: "UNAUTHORIZED",
  SESSION_OVER: "UNAUTHORIZED",
  INVALID_CREDENTIALS: "UNAUTHORIZED",
  FORBIDDEN: "FORBIDDEN",
  RLS_DENIED: "FORBIDDEN",
  NOT_FOUND: "NOT_FOUND",
  UNKNOWN_MODEL: "NOT_FOUND",
  UNKNOWN_TABLE: "NOT_FOUND",
  UNKNOWN_COLUMN: "BAD_REQUEST",
  MODEL_INACTIVE: "CONFLICT",
  MODEL_EXISTS: "CONFLICT",
  VERSION_TOO_LOW: "BAD_REQUEST",
  VERSION_CONFLICT: "CONFLICT",
  UNIQUE_VIOLATION: "CONFLICT",
  FOREIGN_KEY_VIOLATION: "CONFLICT",
  NOT_NULL_VIOLATION: "BAD_REQUEST",
  CHECK_VIOLATION: "BAD_REQUEST",
  INVALID_VALUE: "BAD_REQUEST",
  CONFLICT: "CONFLICT",
  RATE_LIMITED: "TOO_MANY_REQUESTS",
  OPERATION_TIMEOUT: "GATEWAY_TIMEOUT",
  OUTCOME_UNKNOWN: "BAD_GATEWAY",
  CLIENT_DISCONNECTED: "SERVICE_UNAVAILABLE",
  TRANSPORT_BUSY: "SERVICE_UNAVAILABLE",
  SUPABASE_UNREACHABLE: "SERVICE_UNAVAILABLE",
  SUPABASE_ERROR: "BAD_GATEWAY",
  LEDGER_FULL: "SERVICE_UNAVAILABLE",
  SHUTTING_DOWN: "SERVICE_UNAVAILABLE",
  ENVIRONMENT_INVALID: "INTERNAL_SERVER_ERROR",
  INTERNAL: "INTERNAL_SERVER_ERROR",
} as const satisfies Record<ErrorCode, TRPCError["code"]>;

/** Supabase Auth's `error_code` (GoTrue). */
const authCodes: Readonly<Record<string, ErrorCode>> = {
  bad_jwt: "TOKEN_INVALID",
  captcha_failed: "VALIDATION_FAILED",
  conflict: "CONFLICT",
  email_address_invalid: "VALIDATION_FAILED",
  email_address_not_authorized: "FORBIDDEN",
  email_exists: "UNIQUE_VIOLATION",
  email_not_confirmed: "INVALID_CREDENTIALS",
  email_provider_disabled: "FORBIDDEN",
  invalid_credentials: "INVALID_CREDENTIALS",
  no_authorization: "UNAUTHENTICATED",
  over_email_send_rate_limit: "RATE_LIMITED",
  over_request_rate_limit: "RATE_LIMITED",
  refresh_token_already_used: "SESSION_OVER",
  refresh_token_not_found: "SESSION_OVER",
  request_timeout: "OPERATION_TIMEOUT",
  session_expired: "SESSION_OVER",
  session_not_found: "SESSION_OVER",
  signup_disabled: "FORBIDDEN",
  user_already_exists: "UNIQUE_VIOLATION",
  user_banned: "FORBIDDEN",
  user_not_found: "NOT_FOUND",
  validation_failed: "VALIDATION_FAILED",
  weak_password: "VALIDATION_FAILED",
};

/** Waybill's code for an `error_code` of Supabase Auth; undefined for one that has none. */
export function codeOfAuth(code: string): ErrorCode | undefined {
  return Object.hasOwn(authCodes, code) ? authCodes[code] : undefined;
}
