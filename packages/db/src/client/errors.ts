import { LedgerError } from "../ledger/ledger-errors.ts";

/** Why a call ended without an answer of Supabase. */
export type CallErrorCode =
  | "OPERATION_TIMEOUT"
  | "CLIENT_DISCONNECTED"
  | "TRANSPORT_BUSY"
  | "RESPONSE_TOO_LARGE"
  | "LEDGER_FULL"
  | "SHUTTING_DOWN";

const codes = "OPERATION_TIMEOUT|CLIENT_DISCONNECTED|TRANSPORT_BUSY|RESPONSE_TOO_LARGE|LEDGER_FULL|SHUTTING_DOWN";
const CODE_IN_MESSAGE = new RegExp(`\\[(${codes})\\]`);

/**
 * What a builder turns into its `error`. Each part of supabase-js makes an error of its own out of it and keeps little
 * but the message, so that names the code; {@link callErrorCode} reads it back. Its `cause` has no stack, since
 * postgrest-js would copy that into `error.details`.
 */
export class CallError extends Error {
  readonly code: CallErrorCode;
  /** What happened and what to do, without the code. */
  readonly sentence: string;

  constructor(code: CallErrorCode, sentence: string, name = "WaybillError") {
    const message = `${sentence} [${code}]`;
    super(message, { cause: { name: "WaybillError", message: sentence, code } });
    this.name = name;
    this.code = code;
    this.sentence = sentence;
  }
}

/** The name is AbortError, so that a client that retries network failures does not start a call that is over anew. */
export function operationTimeout(timeoutMs: number): CallError {
  return new CallError(
    "OPERATION_TIMEOUT",
    `Supabase did not answer wholly within ${timeoutMs} ms, so the request was aborted; whether it took effect is not known. Ask for less, or give it longer: WAYBILL_OPERATION_TIMEOUT_MS for all calls, the header x-waybill-timeout-ms for one.`,
    "AbortError",
  );
}

export function clientDisconnected(clientId: string, lastError: string | null): CallError {
  return new CallError(
    "CLIENT_DISCONNECTED",
    `Client ${clientId} is disconnected${lastError === null ? "" : ` (${lastError})`}, so nothing was sent. It comes back by itself once Supabase answers; clients.reconnect tries at once.`,
    // a retry cannot help before the probe has brought the client back
    "AbortError",
  );
}

export function clientDeactivated(clientId: string): CallError {
  return new CallError(
    "CLIENT_DISCONNECTED",
    `Client ${clientId} was taken out of use by a person, so nothing was sent. clients.reconnect brings it back.`,
    "AbortError",
  );
}

/** @param limits calls under way, and waiting */
export function clientBusy(clientId: string, [most, mostWaiting]: readonly [number, number]): CallError {
  return new CallError(
    "TRANSPORT_BUSY",
    `${most} calls of client ${clientId} are under way and ${mostWaiting} wait for them already, so this one was not sent. Send fewer at once, or try again later.`,
    "AbortError",
  );
}

export function transportBusy(limit: number): CallError {
  return new CallError(
    "TRANSPORT_BUSY",
    `${limit} requests are under way or waiting for a connection already, so this one was not sent. Send fewer at once, or try again later.`,
    "AbortError",
  );
}

export function responseTooLarge(limit: number): CallError {
  return new CallError(
    "RESPONSE_TOO_LARGE",
    `Supabase's answer is longer than ${limit} bytes, so reading it was given up. Ask for fewer rows or columns.`,
    "AbortError",
  );
}

export function shuttingDown(): CallError {
  return new CallError("SHUTTING_DOWN", "This Waybill is closed, so nothing was sent. Open a new one.", "AbortError");
}

/** Why the ledger took no operation, as a builder keeps it; any other error as it is. */
export function ledgerRefusal(error: unknown): unknown {
  if (!(error instanceof LedgerError) || error.code === "ENVIRONMENT_INVALID") return error;
  // a retry would meet the same journal
  return new CallError(error.code, `${error.message} ${error.hint}`, "AbortError");
}

/** The code of Waybill's own refusal in an `error` that supabase-js answered with; undefined for any other error. */
export function callErrorCode(error: { readonly message?: unknown; readonly context?: unknown }): string | undefined {
  if (error instanceof CallError) return error.code;
  // functions-js keeps the error that it met as its context
  const { message } = error.context instanceof Error ? error.context : error;
  return typeof message === "string" ? CODE_IN_MESSAGE.exec(message)?.[1] : undefined;
}
