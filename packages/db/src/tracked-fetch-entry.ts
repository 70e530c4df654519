import { openGateway } from "./gateway.ts";
import type { FlushReport } from "./ledger/index.ts";
import type { WaybillOptions } from "./waybill-options.ts";

export type TrackedFetchOptions = Omit<WaybillOptions, "publishableKey"> & { readonly publishableKey?: string };

/** A `fetch` for `createClient(url, key, { global: { fetch } })`. */
export type StandaloneFetch = typeof fetch &
  AsyncDisposable & {
    /** Drops the cached answers that a change of this table concerns, for changes that did not pass through here. */
    invalidate(table: string): void;
    /** Brings every finished record to the database; waits at most `deadlineMs` (default 5,000). */
    flush(deadlineMs?: number): Promise<FlushReport>;
    /** Flushes, signs the clients off and closes every connection. What could not be flushed waits in the journal. */
    close(): Promise<void>;
  };

/**
 * The smallest way in: an application keeps its own supabase-js client, and every call of it leaves a record.
 *
 * ```ts
 * const fetch = trackedFetch({ url, secretKey, journalDir: ".waybill" });
 * const supabase = createClient(url, key, { global: { fetch } });
 * // at the end: await fetch.close();
 * ```
 */
export function trackedFetch(options: TrackedFetchOptions): StandaloneFetch {
  const gateway = openGateway({ ...options, joinRetries: true });
  const tracked: typeof fetch = (input, init) => gateway.fetch(input, init);
  return Object.assign(tracked, {
    flush(deadlineMs = 5000) {
      gateway.fetch.settleHeld();
      return gateway.ledger.flush(deadlineMs);
    },
    invalidate: (table: string) => gateway.cache?.invalidate(table),
    close: () => gateway.close(),
    [Symbol.asyncDispose]: () => gateway.close(),
  });
}
