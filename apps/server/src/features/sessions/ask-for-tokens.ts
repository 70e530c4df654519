import { once } from "node:events";
import type { AuthError } from "@supabase/supabase-js";
import type { ErrorCode } from "@waybill/contracts";
import type { Tokens, Waybill } from "@waybill/db";
import { decodeJwt } from "jose";
import { ApiError } from "../../trpc/api-error.ts";
import { authError } from "../../trpc/auth-error.ts";
import { claimsSchema } from "./access-token.ts";
import type { HeldSession } from "./open-sessions.ts";

/** refused: Supabase Auth takes the refresh token no more, for good. failed: nobody knows, and the token may be tried again. */
export type Asked =
  | { readonly kind: "given"; readonly refresh: Tokens & { readonly expires_at: string } }
  | { readonly kind: "refused" }
  | {
      readonly kind: "failed";
      readonly error: ApiError;
      /** Auth itself failed, so that all processes should pause; not this process alone. */
      readonly isAuths: boolean;
    };

/** Who is banned or gone is refused as well; all else (a key that the gateway does not know, a 500) says nothing of the token. */
const refusals: ReadonlySet<string> = new Set(["user_banned", "user_not_found"]);
/** What this process refuses to send. */
const ownRefusals: ReadonlySet<ErrorCode> = new Set([
  "CLIENT_DISCONNECTED",
  "TRANSPORT_BUSY",
  "LEDGER_FULL",
  "SHUTTING_DOWN",
]);

/** Asks Supabase Auth for the next tokens of a session; nothing of it is under way any more after `deadlineMs`. */
export type TokenSource = (held: HeldSession, deadlineMs: number) => Promise<Asked>;

/**
 * By the refresh token. auth-js tries again within the deadline. A token whose answer was lost is good for another try:
 * Auth answers the parent of the newest one with that one (docs/decisions/states.md).
 */
export function byRefreshToken(waybill: Waybill): TokenSource {
  return ({ session, tokens: { refresh_token } }, deadlineMs) =>
    ask(waybill, session, deadlineMs, (auth) => auth.refreshSession({ refresh_token }));
}

/** By the password: for a session whose refresh token Auth has dropped together with the password before. */
export function byPassword(waybill: Waybill, credentials: { email: string; password: string }): TokenSource {
  return ({ session }, deadlineMs) => ask(waybill, session, deadlineMs, (auth) => auth.signInWithPassword(credentials));
}

type Auth = ReturnType<Waybill["anon"]>["auth"];

async function ask(
  waybill: Waybill,
  session: HeldSession["session"],
  deadlineMs: number,
  how: (auth: Auth) => ReturnType<Auth["refreshSession"]> | ReturnType<Auth["signInWithPassword"]>,
): Promise<Asked> {
  const deadline = AbortSignal.timeout(deadlineMs);
  const { auth } = waybill.anon({ signal: deadline });
  const answer = await Promise.race([how(auth), once(deadline, "abort").then(() => null)]);
  if (answer === null) return failedAt(null, "SUPABASE_UNREACHABLE");
  if (answer.error !== null) return judged(answer.error);
  if (answer.data.session === null) return failedAt(null, "SUPABASE_ERROR");
  const { access_token, refresh_token: next } = answer.data.session;
  const claims = claimsSchema.safeParse(decodeJwt(access_token));
  // Whatever went wrong above, one user's session must never hold another's tokens.
  if (claims.data?.sub !== session.user_id) return failedAt("refreshed tokens of another user", "INTERNAL");
  const expires_at = new Date(claims.data.exp * 1000).toISOString();
  return { kind: "given", refresh: { access_token, refresh_token: next, expires_at } };
}

function judged(error: AuthError): Asked {
  const told = authError("Refreshing the session", error);
  if (told.waybillCode === "SESSION_OVER" || refusals.has(error.code ?? "")) return { kind: "refused" };
  if (ownRefusals.has(told.waybillCode)) return { kind: "failed", error: told, isAuths: false };
  return failedAt(error, told.waybillCode === "RATE_LIMITED" ? "RATE_LIMITED" : "SUPABASE_UNREACHABLE");
}

function failedAt(cause: unknown, code: ErrorCode): Asked {
  return { kind: "failed", error: new ApiError({ code, cause }), isAuths: true };
}
