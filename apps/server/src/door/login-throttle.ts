import { hash } from "node:crypto";
import type { CounterStore } from "@waybill/db";
import { addressKey } from "./address-key.ts";
import { Limiter } from "./limiter.ts";

/** Failed logins that cost no pause; 0 turns the throttle off. */
export interface LoginTries {
  /** Of one account from one address. */
  readonly account: number;
  /** Of whatever accounts from one address. */
  readonly address: number;
}

/** A login that has begun: it counts as failed until one of these says otherwise. */
export interface LoginTry {
  /** Who has the right password begins anew. */
  succeeded(): Promise<void>;
  /** Neither right nor wrong: Supabase could not tell. */
  undecided(): Promise<void>;
}

export type LoginAdmission =
  | { readonly kind: "may try"; readonly tried: LoginTry }
  | { readonly kind: "account pauses" }
  | { readonly kind: "address pauses"; readonly waitMs: number };

export interface LoginThrottle {
  begin(email: string, ip: string | null): Promise<LoginAdmission>;
}

const memorySeconds = 900;
const longestPauseSeconds = 60;

/**
 * Slows guessing down without a lock: after some failures only one try counts in 1, 2, 4 … 60 seconds. Failures are
 * counted for an account only together with the address that they come from, so that nobody keeps another out, and for
 * accounts that do not exist like for all others.
 */
export function createLoginThrottle(
  tries: LoginTries,
  counters: CounterStore,
  insurance?: CounterStore,
): LoginThrottle {
  const ofAddress = pausing("login-address", tries.address, counters, insurance);
  const ofAccount = pausing("login-account", tries.account, counters, insurance);
  return {
    async begin(email, ip) {
      const address = addressKey(ip);
      // as Supabase Auth compares them, and no longer than a key may be
      const account = `${address} ${hash("sha256", email.toLowerCase(), "base64url")}`;
      const waitMs = await ofAddress.count(address);
      if (waitMs !== null) return { kind: "address pauses", waitMs };
      if ((await ofAccount.count(account)) !== null) {
        await ofAddress.takeBack(address);
        return { kind: "account pauses" };
      }
      const tried: LoginTry = {
        succeeded: async () => void (await Promise.all([ofAddress.takeBack(address), ofAccount.forget(account)])),
        undecided: async () => void (await Promise.all([ofAddress.takeBack(address), ofAccount.takeBack(account)])),
      };
      return { kind: "may try", tried };
    },
  };
}

interface Pausing {
  /** Counts a failure ahead. Null: go on; else the milliseconds for which no further try counts. */
  count(key: string): Promise<number | null>;
  takeBack(key: string): Promise<void>;
  forget(key: string): Promise<void>;
}

function pausing(name: string, free: number, counters: CounterStore, insurance: CounterStore | undefined): Pausing {
  if (free === 0) return { count: () => Promise.resolve(null), takeBack: async () => {}, forget: async () => {} };
  const failures = new Limiter({ name, points: free, seconds: memorySeconds, counters, insurance });
  const pauses = new Limiter({ name: `${name}-pause`, points: 1, seconds: longestPauseSeconds, counters, insurance });
  const takeBack = async (key: string): Promise<void> => void (await failures.reward(key, 1));
  return {
    async count(key) {
      // first of all, or tries at the same moment would not see each other
      const { consumedPoints } = await failures.penalty(key, 1);
      const over = consumedPoints - free;
      if (over <= 0) return null;
      const customDuration = Math.min(2 ** (over - 1), longestPauseSeconds);
      const waitMs = await pauses.spend(key, 1, { customDuration });
      // what was not tried has not failed: hammering makes no pause longer
      if (waitMs !== null) await takeBack(key);
      return waitMs;
    },
    takeBack,
    forget: async (key) => void (await failures.set(key, 0, memorySeconds)),
  };
}
