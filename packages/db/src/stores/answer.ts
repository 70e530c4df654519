import { errorCatalog, issuesOf, type ErrorCode } from "@waybill/contracts";
import { z } from "zod";
import { callErrorCode } from "../client/errors.ts";
import { WaybillDbError } from "../errors.ts";
import { codeOfDatabase, isRaised } from "./database-codes.ts";

/** What supabase-js resolves with; of an error only what Postgres, PostgREST or the transport set. */
export interface Answer {
  readonly data: unknown;
  readonly error: { readonly message: string; readonly code?: string; readonly details?: unknown } | null;
  readonly status: number;
}

/** Codes whose message Postgres writes for whoever sent the value. All others could tell of the inside. */
const tellable: ReadonlySet<ErrorCode> = new Set([
  "UNIQUE_VIOLATION",
  "FOREIGN_KEY_VIOLATION",
  "NOT_NULL_VIOLATION",
  "CHECK_VIOLATION",
  "INVALID_VALUE",
]);

/** Codes of Waybill's own refusals, which speak for themselves. */
const refusals: Readonly<Record<string, ErrorCode>> = {
  OPERATION_TIMEOUT: "OPERATION_TIMEOUT",
  CLIENT_DISCONNECTED: "CLIENT_DISCONNECTED",
  TRANSPORT_BUSY: "TRANSPORT_BUSY",
  RESPONSE_TOO_LARGE: "PAYLOAD_TOO_LARGE",
  LEDGER_FULL: "LEDGER_FULL",
  SHUTTING_DOWN: "SHUTTING_DOWN",
};

/**
 * The rows of an answer, each parsed by its contract: what does not fit it never goes further in.
 *
 * @param what was asked, as the beginning of an error's sentence: `Reading the sessions`
 */
export function rowsOf<Row extends z.ZodType>(what: string, row: Row, answer: Answer): z.output<Row>[] {
  if (answer.error !== null) throw storeError(what, answer);
  const parsed = z.array(row).safeParse(answer.data ?? []);
  if (parsed.success) return parsed.data;
  throw new WaybillDbError({
    code: "INTERNAL",
    message: `${what} gave a row that breaks its contract.`,
    hint: "Apply the migrations of this version of Waybill (supabase db push) and look at the fields in issues.",
    issues: issuesOf(parsed.error),
  });
}

export function storeError(what: string, { error, status }: Answer): WaybillDbError {
  const said = error?.code ?? "";
  // Only a request without an answer can hold a refusal of Waybill's own: what Postgres says may quote its caller.
  const refusal = status === 0 ? refusalOf(error) : undefined;
  const known = refusal ?? codeOfDatabase(said) ?? codeOfStatus(status);
  const code = known ?? (isRaised(said) && status < 500 ? "CHECK_VIOLATION" : "SUPABASE_ERROR");
  const message = tellable.has(code) && error !== null ? error.message : errorCatalog[code].description;
  return new WaybillDbError({
    code,
    message: `${what} failed: ${message}`,
    sqlstate: /^[0-9A-Z]{5}$/.test(said) ? said : null,
    cause: error,
  });
}

function refusalOf(error: Answer["error"]): ErrorCode | undefined {
  if (error === null) return undefined;
  const code = callErrorCode(error);
  return code === undefined ? undefined : refusals[code];
}

/**
 * 0 is how supabase-js reports a request that got no answer. A 401 without a code is the gateway's word on the API key,
 * which no caller sent: PostgREST gives its refusal of a token a code.
 */
function codeOfStatus(status: number): ErrorCode | undefined {
  if (status === 0 || (status >= 502 && status <= 504) || (status >= 520 && status <= 524)) {
    return "SUPABASE_UNREACHABLE";
  }
  if (status === 403) return "FORBIDDEN";
  if (status === 413 || status === 414 || status === 431) return "PAYLOAD_TOO_LARGE";
  if (status === 429) return "RATE_LIMITED";
  return undefined;
}
