import type { Counter, CounterStore } from "@waybill/db";
import { LRUCache } from "lru-cache";
import { RateLimiterRes } from "rate-limiter-flexible";
import RateLimiterStoreAbstract from "rate-limiter-flexible/lib/RateLimiterStoreAbstract.js";

export interface LimiterOptions {
  /** Parts its keys from those of other limiters over the same counters. */
  readonly name: string;
  readonly points: number;
  readonly seconds: number;
  readonly counters: CounterStore;
  /** Counts in their place while they fail. Default: nothing, since counters in memory do not fail. */
  readonly insurance?: CounterStore | undefined;
}

/** Keys whose refusal is remembered; who falls out is merely counted once more. */
const keptRefusals = 10_000;

/** rate-limiter-flexible over Waybill's counters. */
export class Limiter extends RateLimiterStoreAbstract {
  readonly #counters: CounterStore;
  /** Until when a key is over its limit, so that a flood asks the shared counters once. Those in memory need none. */
  readonly #refused: LRUCache<string, number> | undefined;

  constructor({ name, points, seconds, counters, insurance }: LimiterOptions) {
    const insured =
      insurance === undefined ? {} : { insuranceLimiter: new Limiter({ name, points, seconds, counters: insurance }) };
    super({ storeClient: counters, keyPrefix: name, points, duration: seconds, ...insured });
    this.#counters = counters;
    this.#refused = insurance === undefined ? undefined : new LRUCache({ max: keptRefusals });
  }

  /** Takes points; null when there were enough, else the milliseconds until there are some again. */
  async spend(key: string, points: number, options?: { readonly customDuration: number }): Promise<number | null> {
    const waitMs = (this.#refused?.get(key) ?? 0) - performance.now();
    if (waitMs > 0) return waitMs;
    try {
      await this.consume(key, points, options);
      return null;
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      this.#refused?.set(key, performance.now() + refusal.msBeforeNext);
      return refusal.msBeforeNext;
    }
  }

  // the two that the library calls; the rest of its store is not used here

  _upsert(key: string, points: number, windowMs: number, restart: boolean): Promise<Counter> {
    return this.#counters.add(key, points, windowMs, restart);
  }

  _getRateLimiterRes(_key: string, changed: number, { points, msLeft }: Counter): RateLimiterRes {
    return new RateLimiterRes(Math.max(this.points - points, 0), msLeft, points, points === changed);
  }
}
