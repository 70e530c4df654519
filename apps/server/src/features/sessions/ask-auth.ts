import type { AuthError } from "@supabase/supabase-js";
import type { Waybill } from "@waybill/db";
import { LRUCache } from "lru-cache";
import { ApiError } from "../../trpc/api-error.ts";
import { authError } from "../../trpc/auth-error.ts";
import { hashOfToken } from "./session-token.ts";

const staleMs = 10_000;
const keptTokens = 1000;

/**
 * Asks Supabase Auth whether a token is good: for projects whose HS256 secret is not known here. A good answer is kept
 * for 10 seconds, or each call would cost two.
 */
export function askAuth(waybill: Waybill): (token: string) => Promise<void> {
  const good = new LRUCache<string, true>({ max: keptTokens, ttl: staleMs });
  return async (token) => {
    const hash = hashOfToken(token);
    if (good.has(hash)) return;
    const { error } = await waybill.anon().auth.getUser(token);
    if (error !== null) throw refusal(error);
    good.set(hash, true);
  };
}

/** A token of a user who is gone is no good; that there is no such user is no answer to what was called. */
function refusal(error: AuthError): ApiError {
  const told = authError("Verifying the token", error);
  return told.waybillCode === "NOT_FOUND" ? new ApiError({ code: "TOKEN_INVALID", cause: error }) : told;
}
