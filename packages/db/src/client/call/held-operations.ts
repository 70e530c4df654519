import type { OpenOperation, OperationOutcome } from "../../ledger/ledger-types.ts";
import type { Instant } from "../../ledger/clock.ts";
import type { Call } from "./call.ts";
import type { ReadRequest } from "./read-request.ts";

/** An operation that failed in a way that supabase-js retries by itself; its next attempt belongs to it. */
export interface HeldOperation {
  readonly operationId: string;
  readonly requestId: string;
  readonly open: OpenOperation;
  readonly started: Instant;
  readonly outcome: OperationOutcome;
}

interface Holding {
  readonly held: HeldOperation;
  readonly timer: NodeJS.Timeout;
}

/** Operations held at once; beyond it the oldest settles, and its retry becomes an operation of its own. */
const LIMIT = 1000;

/**
 * supabase-js's own retries (`X-Retry-Count`) add to the attempts of one operation (decisions.md, Tracking). Nothing in
 * a retry names the attempt before it, so a failed one that is due for a retry waits here, found by what both say.
 */
export class HeldOperations {
  readonly #holdings = new Map<string, Holding[]>();
  #size = 0;

  hold(key: string, held: HeldOperation, forMs: number): void {
    if (this.#size >= LIMIT) {
      const [oldest] = this.#holdings.keys();
      if (oldest !== undefined) this.#settle(this.take(oldest));
    }
    const timer = setTimeout(() => this.#expire(key, held), forMs).unref();
    const beside = this.#holdings.get(key);
    if (beside === undefined) this.#holdings.set(key, [{ held, timer }]);
    else beside.push({ held, timer });
    this.#size += 1;
  }

  /** The operation that a retry belongs to. Equal ones are interchangeable. */
  take(key: string): HeldOperation | undefined {
    const holdings = this.#holdings.get(key);
    const first = holdings?.shift();
    if (holdings?.length === 0) this.#holdings.delete(key);
    if (first === undefined) return undefined;
    clearTimeout(first.timer);
    this.#size -= 1;
    return first.held;
  }

  /** No retry came, or none can come any more. */
  settleAll(): void {
    for (const key of this.#holdings.keys()) {
      for (let held = this.take(key); held !== undefined; held = this.take(key)) this.#settle(held);
    }
  }

  #expire(key: string, held: HeldOperation): void {
    const holdings = this.#holdings.get(key) ?? [];
    const index = holdings.findIndex((holding) => holding.held === held);
    if (index === -1) return;
    holdings.splice(index, 1);
    if (holdings.length === 0) this.#holdings.delete(key);
    this.#size -= 1;
    this.#settle(held);
  }

  #settle(held: HeldOperation | undefined): void {
    held?.open.settle(held.outcome);
  }
}

/** What an attempt and the one before it have in common. */
export function retryKey(clientId: string, request: ReadRequest): string {
  return `${clientId} ${request.method} ${request.url} ${request.headers.get("authorization") ?? ""}`;
}

const CLIENT_RETRIES = 3;
const RETRIED_STATUSES = new Set([503, 520]);

/**
 * How long supabase-js may take to start its next attempt, in ms; null where it makes none.
 *
 * @param status null for a network failure
 */
export function retryExpectedIn(
  { kind, request: { method }, attempt }: Pick<Call, "kind" | "request" | "attempt">,
  status: number | null,
  retryAfter: string | null,
): number | null {
  if ((kind.service !== "rest" && kind.service !== "rpc") || (method !== "GET" && method !== "HEAD")) return null;
  if (attempt > CLIENT_RETRIES || (status !== null && !RETRIED_STATUSES.has(status))) return null;
  const delay = retryAfter === null ? 1000 * 2 ** (attempt - 1) : (Number.parseInt(retryAfter, 10) || 0) * 1000;
  return Math.min(Math.max(0, delay), 60_000) + 1000;
}
