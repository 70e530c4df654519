/** Why a call ended without an answer of Supabase. */
export type CallErrorCode = "OPERATION_TIMEOUT" | "CLIENT_DISCONNECTED" | "TRANSPORT_BUSY" | "RESPONSE_TOO_LARGE";

/**
 * What a builder turns into its `error`. Its `cause` carries the code without a stack, since supabase-js copies the
 * cause's message, code and stack into `error.details`; {@link callErrorCode} reads the code back from there.
 */
export class CallError extends Error {
  readonly code: CallErrorCode;

  constructor(code: CallErrorCode, message: string, name = "WaybillError") {
    super(message, { cause: { name: "WaybillError", message, code } });
    this.name = name;
    this.code = code;
  }
}

/** The name is AbortError, so that a client that retries network failures does not start a call that is over anew. */
export function operationTimeout(timeoutMs: number): CallError {
  return new CallError(
    "OPERATION_TIMEOUT",
    `Supabase did not answer wholly within ${timeoutMs} ms, so the request was aborted; whether it took effect is not known. Ask for less, or raise WAYBILL_OPERATION_TIMEOUT_MS.`,
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

const CODE_IN_DETAILS = /\((OPERATION_TIMEOUT|CLIENT_DISCONNECTED|TRANSPORT_BUSY|RESPONSE_TOO_LARGE)\)/;

/** The code of Waybill's own refusal in an `error` that supabase-js answered with; undefined for any other error. */
export function callErrorCode(error: { readonly details?: unknown; readonly code?: unknown }): string | undefined {
  if (error instanceof CallError) return error.code;
  return typeof error.details === "string" ? CODE_IN_DETAILS.exec(error.details)?.[1] : undefined;
}
