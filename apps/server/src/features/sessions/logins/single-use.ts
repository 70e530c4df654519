import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { ApiError } from "../../../trpc/api-error.ts";

const keptUses = 10_000;
/** Longer than any code or state is good for. */
const keptMs = 3_600_000;

/** Lets a secret open one session in this process, also where two calls bring it at the same moment. */
export type SingleUse = <Result>(secret: string, use: () => Promise<Result>) => Promise<Result>;

/**
 * Supabase Auth takes a code once, but not in one step: two calls at the same moment may both find it there. What was
 * used stands here by its hash until `keptUses` others came; a use that fails leaves the secret as it was.
 *
 * @param refusal of a secret that was used, or is being used
 */
export function singleUse(refusal: () => ApiError, limit = keptUses): SingleUse {
  const used = new LRUCache<string, true>({ max: limit, ttl: keptMs });
  return async (secret, use) => {
    const hash = createHash("sha256").update(secret).digest("base64");
    if (used.has(hash)) throw refusal();
    used.set(hash, true);
    try {
      return await use();
    } catch (error) {
      used.delete(hash);
      throw error;
    }
  };
}
