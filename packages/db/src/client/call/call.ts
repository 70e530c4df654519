import type { Clock, Instant } from "../../ledger/clock.ts";
import type { Ledger, OpenOperation } from "../../ledger/ledger-types.ts";
import type { Capture, CapturedRequest } from "../capture/capture.ts";
import type { OperationClass } from "../classify/operation-class.ts";
import type { CallError } from "../errors.ts";
import type { Limit } from "../transport/limit.ts";
import type { Transport } from "../transport/transport.ts";
import type { OperationWatchers } from "../watch.ts";
import type { ConnectionSign } from "./failure.ts";
import type { ReadRequest } from "./read-request.ts";
import type { ReadThrough } from "./read-through.ts";
import type { RetryOptions } from "./retries.ts";
import type { Subject } from "./subject.ts";

/** The client row that calls run under, as the tracked fetch sees it. */
export interface CallConnection {
  /** → supabase_clients.client_id */
  readonly clientId: string;
  /** Why nothing may be sent now; null when all is well. */
  refusal(): CallError | null;
  /** Undefined for a call that may be sent at once; else resolves when it may, rejects when it may not, or at its limit. */
  enter(limit: Limit): Promise<void> | undefined;
  /** A call that was let in has ended. */
  leave(): void;
  observe(sign: ConnectionSign): void;
}

export interface TrackedFetchOptions extends TrackedFetchMeans {
  /** The project's URL. */
  readonly url: string;
  readonly transport: Transport;
  /** Told from the request's headers (names in lower case), since a caller's own client brings its own key. */
  readonly connectionOf: (headers: ReadonlyMap<string, string>) => CallConnection;
  /** Whether the client above retries by itself, so that its attempts are joined into one operation, and none are made here. */
  readonly joinRetries: boolean;
}

/** What the clients of several projects share. */
export interface TrackedFetchMeans {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly newOperationId: () => string;
  readonly capture: Capture;
  /** From the call to the last byte, retries included (`WAYBILL_OPERATION_TIMEOUT_MS`); a call may ask for its own. */
  readonly timeoutMs: number;
  readonly watchers?: OperationWatchers;
  readonly retry?: RetryOptions | undefined;
  /** Answers reads from memory where it may. */
  readonly cache?: ReadThrough | undefined;
}

/** One operation under way. */
export interface Call {
  readonly operationId: string;
  /** Goes along as `x-request-id`, so that whoever sees the request can match it with its record. */
  readonly requestId: string;
  readonly kind: OperationClass;
  readonly request: ReadRequest;
  readonly started: Instant;
  /** 1 for the first that the client above makes. */
  readonly attempt: number;
  /** Of this very call (`x-waybill-timeout-ms`, else the options' own). */
  readonly timeoutMs: number;
  readonly open: OpenOperation;
  readonly captured: CapturedRequest;
  readonly connection: CallConnection;
  /** Whom the request's token names, where the context does not say who asks. */
  readonly subject: Subject | null;
}
