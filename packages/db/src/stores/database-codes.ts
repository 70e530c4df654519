import type { ErrorCode } from "@waybill/contracts";

/** Where only the beginning of a SQLSTATE or PostgREST code matters; the longest beginning that fits decides. */
const codes: Readonly<Record<string, ErrorCode>> = {
  "08": "SUPABASE_UNREACHABLE",
  "22": "INVALID_VALUE",
  "23": "CHECK_VIOLATION",
  "23502": "NOT_NULL_VIOLATION",
  "23503": "FOREIGN_KEY_VIOLATION",
  "23505": "UNIQUE_VIOLATION",
  "23P01": "UNIQUE_VIOLATION",
  "25006": "FORBIDDEN",
  "28": "FORBIDDEN",
  "40": "CONFLICT",
  "42501": "RLS_DENIED",
  "42703": "UNKNOWN_COLUMN",
  "42702": "UNKNOWN_COLUMN",
  "42804": "INVALID_VALUE",
  "42846": "INVALID_VALUE",
  "42883": "INVALID_VALUE",
  "42P01": "UNKNOWN_TABLE",
  "428C9": "INVALID_VALUE",
  "44000": "RLS_DENIED",
  "53": "SUPABASE_UNREACHABLE",
  "54": "INVALID_VALUE",
  "55P03": "CONFLICT",
  "57014": "OPERATION_TIMEOUT",
  "57P": "SUPABASE_UNREACHABLE",
  "58": "SUPABASE_UNREACHABLE",
  P0001: "CHECK_VIOLATION",
  PGRST000: "SUPABASE_UNREACHABLE",
  PGRST001: "SUPABASE_UNREACHABLE",
  PGRST002: "SUPABASE_UNREACHABLE",
  PGRST003: "SUPABASE_UNREACHABLE",
  PGRST100: "INVALID_VALUE",
  PGRST102: "INVALID_VALUE",
  PGRST103: "INVALID_VALUE",
  PGRST116: "NOT_FOUND",
  PGRST200: "UNKNOWN_COLUMN",
  PGRST202: "UNKNOWN_TABLE",
  PGRST204: "UNKNOWN_COLUMN",
  PGRST205: "UNKNOWN_TABLE",
  PGRST301: "TOKEN_INVALID",
  PGRST302: "TOKEN_INVALID",
  PGRST303: "SESSION_EXPIRED",
  // of Waybill's own functions
  WB403: "RLS_DENIED",
  WB404: "NOT_FOUND",
  WB409: "IDEMPOTENCY_CONFLICT",
  WB413: "PAYLOAD_TOO_LARGE",
  WB429: "RATE_LIMITED",
};

/** Waybill's code for a SQLSTATE or PostgREST code; undefined for one that has none. */
export function codeOfDatabase(code: string): ErrorCode | undefined {
  for (let length = code.length; length >= 2; length -= 1) {
    const beginning = code.slice(0, length);
    if (Object.hasOwn(codes, beginning)) return codes[beginning];
  }
  return undefined;
}

/** Classes beginning like this are nobody's by the SQL standard, but these are Postgres' own. */
const raised = /^(?!53|54|55|57|58|72|HV|P0|XX)[5-9I-Z][0-9A-Z]{4}$/;

/** Whether a SQLSTATE is of an author's making: `raise exception … using errcode = 'ZZ001'`, or PostgREST's `PT402`. */
export function isRaised(code: string): boolean {
  return raised.test(code);
}
