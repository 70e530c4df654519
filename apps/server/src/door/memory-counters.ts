import type { CounterStore } from "@waybill/db";
import { LRUCache } from "lru-cache";

/** Beyond it the counter that rested longest is forgotten: a flood of addresses costs memory for these and no more. */
const keptCounters = 100_000;

export interface MemoryCountersOptions {
  readonly most?: number;
  /** Milliseconds of a clock that never steps back. */
  readonly now?: () => number;
}

/** Counters of this process alone. */
export function memoryCounters({ most = keptCounters, now = () => performance.now() }: MemoryCountersOptions = {}) {
  const kept = new LRUCache<string, { points: number; endsAt: number }>({ max: most });
  return {
    add(name, points, windowMs, restart = false) {
      const at = now();
      const found = kept.get(name);
      const goesOn = found !== undefined && found.endsAt > at && !restart;
      const counter = goesOn ? found : { points: 0, endsAt: at + windowMs };
      counter.points = Math.max(counter.points + points, 0);
      if (!goesOn) kept.set(name, counter);
      return Promise.resolve({ points: counter.points, msLeft: counter.endsAt - at });
    },
  } satisfies CounterStore;
}
