import type { JsonText, OperationOutcome } from "../../ledger/ledger-types.ts";
import type { Limit } from "../transport/limit.ts";
import type { Call, TrackedFetchOptions } from "./call.ts";
import { CallError } from "../errors.ts";
import { isConnectionFailure, networkMessage } from "./failure.ts";
import { retryExpectedIn, retryKey } from "./held-operations.ts";
import type { HeldOperations } from "./held-operations.ts";

/** The ways in which an operation ends. Each ends its deadline too; only the first counts. */
export interface Settlement {
  /** The call was let in by its connection, and leaves it when it settles. */
  entered(): void;
  /** An attempt begins: what is refused beforehand never left the process, and counts for none. */
  leaving(): void;
  succeeded(response: JsonText): void;
  /** @param retryIn ms within which the caller's client will try again by itself; null when it will not */
  failed(message: string, response?: JsonText | null, retryIn?: number | null): void;
  /** No whole answer came: the limit ended the call, or the connection, or Waybill itself. */
  broken(error: unknown): void;
}

export function settlement(
  { clock, joinRetries }: TrackedFetchOptions,
  held: HeldOperations,
  call: Call,
  limit: Limit,
): Settlement {
  let settled = false;
  let isInside = false;
  let attempts = call.attempt - 1;
  const settle = (
    status: OperationOutcome["status"],
    error_message: string | null,
    response_data: JsonText | null,
    retryIn: number | null = null,
  ): void => {
    if (settled) return;
    settled = true;
    limit.release();
    if (isInside) call.connection.leave();
    const came = { status, error_message, response_data, attempts, ...clock.since(call.started) };
    const outcome = call.subject?.proven === true ? { ...came, user_id: call.subject.id } : came;
    if (retryIn !== null && joinRetries) {
      const { operationId, requestId, open, started } = call;
      const key = retryKey(call.connection.clientId, call.request);
      held.hold(key, { operationId, requestId, open, started, outcome }, retryIn);
    } else call.open.settle(outcome);
  };
  const settlement: Settlement = {
    entered() {
      isInside = true;
    },
    leaving() {
      attempts += 1;
    },
    succeeded: (response) => settle("success", null, response),
    failed: (message, response = null, retryIn = null) => settle("error", message, response, retryIn),
    broken(error) {
      if (settled) return;
      const message = networkMessage(error);
      if (error instanceof CallError && error.code === "TRANSPORT_BUSY") attempts -= 1;
      if (limit.ended === "timeout") {
        call.connection.observe({ type: "suspect", message });
        settle("timeout", `No whole answer within ${call.timeoutMs} ms.`, null);
      } else if (limit.ended === "cancelled") {
        settlement.failed("Cancelled by the caller.");
      } else {
        const outage = isConnectionFailure(error);
        if (outage) call.connection.observe({ type: "failed", message });
        settlement.failed(message, null, outage ? retryExpectedIn(call, null, null) : null);
      }
    },
  };
  return settlement;
}
