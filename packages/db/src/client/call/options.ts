import type { Clock } from "../../ledger/clock.ts";
import type { Ledger } from "../../ledger/ledger-types.ts";
import type { Capture } from "../capture/capture.ts";
import type { Transport } from "../transport/transport.ts";
import type { OperationWatchers } from "../watch.ts";
import type { CallConnection } from "./call.ts";
import type { HeaderLookup } from "./request-headers.ts";
import type { ReadThrough } from "./read-through.ts";
import type { RetryOptions } from "./retries.ts";

export interface TrackedFetchOptions extends TrackedFetchMeans {
  /** The project's URL. */
  readonly url: string;
  readonly transport: Transport;
  /** Told from the request's headers (names in lower case), since a caller's own client brings its own key. */
  readonly connectionOf: (headers: HeaderLookup) => CallConnection;
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
