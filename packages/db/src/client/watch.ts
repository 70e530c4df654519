import type { RequestHeaders } from "./call/request-headers.ts";
import type { OperationIntent, OperationOutcome, OpenOperation } from "../ledger/ledger-types.ts";

/** An operation as metrics and traces may know it: no user, no query, no body. */
export type WatchedOperation = Pick<
  OperationIntent,
  "operation_id" | "client_id" | "operation_type" | "table_name" | "request_id"
>;
/** What came of it; the message begins with a code, but what follows may quote values. */
export type WatchedOutcome = Pick<OperationOutcome, "status" | "error_message" | "execution_time_ms" | "attempts">;

/** Sees every operation while it is registered. What it throws is dropped: no operation fails for being watched. */
export interface OperationWatcher {
  /**
   * Called before the request leaves; what it gives back is told the outcome, once.
   *
   * @param setHeader puts a header onto the request, such as `traceparent`
   */
  begun(
    operation: WatchedOperation,
    setHeader: (name: string, value: string) => void,
  ): ((outcome: WatchedOutcome) => void) | undefined;
}

export interface OperationWatchers {
  /** The answer takes the watcher away again. */
  add(watcher: OperationWatcher): () => void;
  /** Lets the watchers see an operation. Without any it costs one comparison. */
  watch(intent: OperationIntent, headers: Pick<RequestHeaders, "set">, open: OpenOperation): OpenOperation;
}

export function operationWatchers(): OperationWatchers {
  const watchers = new Set<OperationWatcher>();
  return {
    add(watcher) {
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    watch(intent, headers, open) {
      if (watchers.size === 0) return open;
      const { operation_id, client_id, operation_type, table_name, request_id } = intent;
      const operation = { operation_id, client_id, operation_type, table_name, request_id };
      const setHeader = (name: string, value: string): void => headers.set(name.toLowerCase(), value);
      const told = [...watchers].map((watcher) => harmless(() => watcher.begun(operation, setHeader)));
      let settled = false;
      return {
        written: open.written,
        waitsForDisk: open.waitsForDisk,
        settle(outcome) {
          open.settle(outcome);
          if (settled) return;
          settled = true;
          const { status, error_message, execution_time_ms, attempts } = outcome;
          for (const tell of told) harmless(() => tell?.({ status, error_message, execution_time_ms, attempts }));
        },
      };
    },
  };
}

function harmless<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
