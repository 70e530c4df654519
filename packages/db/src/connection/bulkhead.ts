import type { CallError, Limit } from "../client/index.ts";

export interface BulkheadOptions {
  /** Calls under way at once. */
  readonly most: number;
  /** Calls that wait for one of them to end. */
  readonly mostWaiting: number;
  /** Why one more is refused. */
  readonly full: () => CallError;
}

/**
 * Keeps one client's calls from taking what others need: so many are under way, so many wait in the order they came, and
 * one more is refused. A call that goes at once costs two comparisons.
 */
export interface Bulkhead {
  /** Undefined for a call that may go at once; else resolves when it may. Whoever may go must {@link leave}. */
  enter(limit: Limit): Promise<void> | undefined;
  leave(): void;
  /** Changes how many may be under way; those that are beyond it end undisturbed. */
  allow(count: number): void;
  /** Sends away all who wait. */
  refuseWaiting(reason: CallError): void;
}

interface Waiting {
  readonly go: () => void;
  readonly refuse: (reason: unknown) => void;
}

export function createBulkhead({ most, mostWaiting, full }: BulkheadOptions): Bulkhead {
  const queue = new Set<Waiting>();
  let allowed = most;
  let underWay = 0;

  const advance = (): void => {
    for (const waiting of queue) {
      if (underWay >= allowed) return;
      queue.delete(waiting);
      underWay += 1;
      waiting.go();
    }
  };

  return {
    enter(limit) {
      if (underWay < allowed && queue.size === 0) {
        underWay += 1;
        return undefined;
      }
      if (queue.size >= mostWaiting) throw full();
      return new Promise((go, refuse) => {
        const waiting = { go, refuse };
        queue.add(waiting);
        limit.onEnd = (reason) => {
          queue.delete(waiting);
          refuse(reason);
        };
      });
    },
    leave() {
      underWay -= 1;
      if (queue.size > 0) advance();
    },
    allow(count) {
      allowed = count;
      advance();
    },
    refuseWaiting(reason) {
      for (const waiting of queue) waiting.refuse(reason);
      queue.clear();
    },
  };
}
