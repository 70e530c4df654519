import type { CounterStore } from "@waybill/db";
import type { Logger } from "pino";
import { createLoginGuard, type LoginGuard } from "./login-guard.ts";
import { createLoginThrottle, type LoginTries } from "./login-throttle.ts";
import { memoryCounters } from "./memory-counters.ts";
import { createRateLimits, type RateLimits, type Rates } from "./rate-limits.ts";
import { sharedCounters } from "./shared-counters.ts";

export interface DoorSettings {
  /** Where calls are counted: each process for itself, or all together in the database. */
  readonly rateStore: "memory" | "database";
  /** How long a request waits for the database's count, in milliseconds. */
  readonly rateTimeoutMs: number;
  readonly rates: Rates;
  readonly loginTries: LoginTries;
  /** What a failed login takes at least, in milliseconds. */
  readonly loginFloorMs: number;
  readonly batchCalls: number;
}

/** Who may come in, and how often. */
export interface Door extends RateLimits {
  readonly guard: LoginGuard;
}

/** @param store the database's counters */
export function openDoor(settings: DoorSettings, store: CounterStore, logger: Logger): Door {
  const { rateStore, rates, loginTries, loginFloorMs, batchCalls } = settings;
  const shared = sharedCounters(store, logger);
  const counting = () => {
    const own = memoryCounters();
    return rateStore === "memory" ? { counters: own } : { counters: shared, insurance: own };
  };
  const { counters, insurance } = counting();
  // in a memory of its own, so that no flood of addresses makes it forget who failed to sign in
  const logins = counting();
  const throttle = createLoginThrottle(loginTries, logins.counters, logins.insurance);
  return {
    ...createRateLimits({ rates, batchCalls, counters, insurance }),
    guard: createLoginGuard(throttle, loginFloorMs),
  };
}
