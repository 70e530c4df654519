import type { Clock } from "../../ledger/clock.ts";
import type { JsonText, OperationOutcome } from "../../ledger/ledger-types.ts";
import type { Limit } from "../transport/limit.ts";
import type { Call } from "./call.ts";
import { CallError } from "../errors.ts";
import { isConnectionFailure, networkMessage } from "./failure.ts";
import { retryExpectedIn, retryKey } from "./held-operations.ts";
import type { HeldOperations } from "./held-operations.ts";

/** The ways in which an operation ends. Each ends its deadline too; only the first counts. */
export class Settlement {
  readonly #clock: Clock;
  /** Where an operation waits for a retry of the client above; null where that makes none. */
  readonly #held: HeldOperations | null;
  readonly #call: Call;
  readonly #limit: Limit;
  #isSettled = false;
  #isInside = false;
  #attempts: number;

  constructor(clock: Clock, held: HeldOperations | null, call: Call, limit: Limit) {
    this.#clock = clock;
    this.#held = held;
    this.#call = call;
    this.#limit = limit;
    this.#attempts = call.attempt - 1;
  }

  /** The call was let in by its connection, and leaves it when it settles. */
  entered(): void {
    this.#isInside = true;
  }

  /** An attempt begins: what is refused beforehand never left the process, and counts for none. */
  leaving(): void {
    this.#attempts += 1;
  }

  succeeded(response: JsonText): void {
    this.#settle("success", null, response, null);
  }

  /** @param retryIn ms within which the caller's client will try again by itself; null when it will not */
  failed(message: string, response: JsonText | null = null, retryIn: number | null = null): void {
    this.#settle("error", message, response, retryIn);
  }

  /** No whole answer came: the limit ended the call, or the connection, or Waybill itself. */
  broken(error: unknown): void {
    if (this.#isSettled) return;
    const call = this.#call;
    const message = networkMessage(error);
    if (error instanceof CallError && error.code === "TRANSPORT_BUSY") this.#attempts -= 1;
    if (this.#limit.ended === "timeout") {
      call.connection.observe({ type: "suspect", message });
      this.#settle("timeout", `No whole answer within ${call.timeoutMs} ms.`, null, null);
    } else if (this.#limit.ended === "cancelled") {
      this.failed("Cancelled by the caller.");
    } else {
      const outage = isConnectionFailure(error);
      if (outage) call.connection.observe({ type: "failed", message });
      this.failed(message, null, outage ? retryExpectedIn(call, null, null) : null);
    }
  }

  #settle(
    status: OperationOutcome["status"],
    error_message: string | null,
    response_data: JsonText | null,
    retryIn: number | null,
  ): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#limit.release();
    const { connection, request, subject, operationId, requestId, open, started } = this.#call;
    if (this.#isInside) connection.leave();
    const { completed_at, execution_time_ms } = this.#clock.since(started);
    const came = { status, error_message, response_data, attempts: this.#attempts, completed_at, execution_time_ms };
    const outcome = subject?.proven === true ? { ...came, user_id: subject.id } : came;
    if (retryIn === null || this.#held === null) return open.settle(outcome);
    const key = retryKey(connection.clientId, request);
    this.#held.hold(key, { operationId, requestId, open, started, outcome }, retryIn);
  }
}
