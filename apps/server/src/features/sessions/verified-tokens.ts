import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";

/** What a verified access token says. */
export interface VerifiedToken {
  readonly userId: string;
  readonly email: string | null;
  /** `app_metadata.roles` */
  readonly roles: readonly string[];
  /** `app_metadata.permissions` */
  readonly permissions: readonly string[];
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/** Access tokens whose signature was right a moment ago: a server sees the same few over and over. */
export interface VerifiedTokens {
  /** Undefined for a token that must be verified: never seen, seen too long ago, or expired since. */
  find(token: string): VerifiedToken | undefined;
  keep(token: string, verified: VerifiedToken): void;
}

/** How long a project's withdrawn key may still be trusted here, on top of the ten minutes that jose keeps keys. */
const trustedMs = 60_000;
export const verifiedTokenLimit = 10_000;

interface Kept {
  readonly verified: VerifiedToken;
  readonly at: number;
}

/**
 * The least recently used of `verifiedTokenLimit` tokens is forgotten first. Tokens are known by their whole SHA-256, so
 * that one which differs in a single byte is another, and none of them stays in memory.
 *
 * @param toleranceMs by which clocks may differ; an expired token is left to the verification, which says so
 * @param now milliseconds since 1970
 */
export function verifiedTokens(toleranceMs: number, now: () => number = Date.now): VerifiedTokens {
  const kept = new LRUCache<string, Kept>({ max: verifiedTokenLimit });
  return {
    find(token) {
      const key = keyOf(token);
      const found = kept.get(key);
      if (found === undefined) return undefined;
      const moment = now();
      // a clock that was set back must not lengthen anything
      const isFresh = moment >= found.at && moment - found.at < trustedMs;
      if (isFresh && found.verified.expiresAt * 1000 > moment - toleranceMs) return found.verified;
      kept.delete(key);
      return undefined;
    },
    keep: (token, verified) => void kept.set(keyOf(token), { verified, at: now() }),
  };
}

function keyOf(token: string): string {
  return hash("sha256", token, "base64");
}
