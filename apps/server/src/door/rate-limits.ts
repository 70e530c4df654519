import type { CounterStore } from "@waybill/db";
import type { Request, RequestHandler } from "express";
import { ApiError } from "../trpc/api-error.ts";
import { addressKey } from "./address-key.ts";
import { type Asked, costOf, type RateClass } from "./cost.ts";
import { Limiter } from "./limiter.ts";

/** Calls a minute; 0 for no limit. */
export interface Rates {
  readonly address: Readonly<Record<RateClass, number>>;
  readonly user: Readonly<Record<Exclude<RateClass, "logins">, number>>;
}

export interface RateLimits {
  /** Refuses with RATE_LIMITED what comes from an address that has called too much. */
  readonly admitAddress: RequestHandler;
  /** The same for who calls, from wherever. Rejects with RATE_LIMITED. */
  readonly admitUser: (asked: Asked, userId: string) => Promise<void>;
}

export interface RateLimitsOptions {
  readonly rates: Rates;
  readonly batchCalls: number;
  readonly counters: CounterStore;
  readonly insurance?: CounterStore | undefined;
}

const windowSeconds = 60;

export function createRateLimits({ rates, batchCalls, counters, insurance }: RateLimitsOptions): RateLimits {
  const limitersOf = (who: string, limits: Readonly<Partial<Record<RateClass, number>>>) =>
    new Map(
      Object.entries(limits)
        .filter(([, points]) => points > 0)
        .map(([kind, points]) => {
          const name = `${who}-${kind}`;
          return [kind, new Limiter({ name, points, seconds: windowSeconds, counters, insurance })] as const;
        }),
    );
  const ofAddress = limitersOf("address", rates.address);
  const ofUser = limitersOf("user", rates.user);

  const admit = async (limiters: ReadonlyMap<string, Limiter>, key: string, asked: Asked, whose: string) => {
    if (limiters.size === 0) return;
    for (const [kind, calls] of costOf(asked, batchCalls)) {
      const limiter = limiters.get(kind);
      const waitMs = limiter === undefined ? null : await limiter.spend(key, calls);
      if (waitMs !== null) throw rateLimited(waitMs, `${whose} has made too many ${kind} within a minute`);
    }
  };
  return {
    async admitAddress(request: Request, _response, next) {
      await admit(ofAddress, addressKey(request.ip), request, "This address");
      next();
    },
    admitUser: (asked, userId) => admit(ofUser, userId, asked, "This account"),
  };
}

/** RATE_LIMITED, with the time after which it is worth trying again. */
export function rateLimited(waitMs: number, message: string): ApiError {
  const seconds = Math.max(Math.ceil(waitMs / 1000), 1);
  return new ApiError({
    code: "RATE_LIMITED",
    message,
    hint: `Try again in ${seconds} s, and make fewer calls from then on.`,
    retryAfterSeconds: seconds,
  });
}
