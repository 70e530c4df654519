import { setTimeout as wait } from "node:timers/promises";
import type { Caller } from "../callers/caller.ts";
import type { CountingProxy } from "../counting-proxy/counting-proxy.ts";
import { compare } from "./compare.ts";
import { readOperations } from "./read-operations.ts";

export interface AgreementOptions {
  readonly proxy: CountingProxy;
  /** An admin, who reads everybody's records. */
  readonly reader: Caller;
  /** All who called, the reader among them. */
  readonly callers: readonly Caller[];
  /** Request ids that a crash interrupted. */
  readonly interrupted?: ReadonlySet<string>;
  /** How long the flush may take. */
  readonly deadlineMs?: number;
}

export interface Agreement {
  readonly requests: number;
  /** Empty when every request has its record, once. */
  readonly differences: readonly string[];
}

/**
 * Reads the records and compares them with the proxy's requests until they agree or the deadline passes: records reach
 * the database a moment after the calls. What the reading itself causes is compared by the next reading.
 */
export async function awaitAgreement(options: AgreementOptions): Promise<Agreement> {
  const { proxy, reader, callers, interrupted, deadlineMs = 20_000 } = options;
  if (proxy.beyondLimit() > 0)
    throw new Error(`the proxy's list is full: ${proxy.beyondLimit()} requests are not in it`);
  const callerOf = (requestId: string): string | undefined => callers.find((caller) => caller.made(requestId))?.userId;
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const end = proxy.seen().length;
    const records = await readOperations(reader.api);
    const requests = proxy.seen().slice(0, end);
    const later = new Set(
      proxy
        .seen()
        .slice(end)
        .map(({ requestId }) => requestId),
    );
    for (const { requestId } of requests) later.delete(requestId);
    const differences = compare(
      requests,
      records.filter((record) => !later.has(record.request_id)),
      { callerOf, ...(interrupted === undefined ? {} : { interrupted }) },
    );
    if (differences.length === 0 || performance.now() > deadline) return { requests: requests.length, differences };
    await wait(250);
  }
}
