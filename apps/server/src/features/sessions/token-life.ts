import { authenticationContextPhase, type AuthenticationContextOutput, isIdle } from "@waybill/contracts";
import { decodeJwt } from "jose";
import { ApiError } from "../../trpc/api-error.ts";
import type { HeldSession } from "./open-sessions.ts";

/** A token is refreshed from so long before its expiry on, or from the last quarter of a shorter life. */
const aheadMs = 30_000;

/**
 * What is left of a session's access token. long: nothing has to be done. short: it carries a call, and the next one
 * should be fetched meanwhile. none: it is past its expiry, or a call might outlast it.
 */
export function tokenLife({ session, tokens }: Pick<HeldSession, "session" | "tokens">, now = Date.now()) {
  if (!isInForce(session, now)) return "none";
  const left = Date.parse(session.expires_at) - now;
  if (left > aheadMs) return "long";
  const { iat = 0, exp = 0 } = decodeJwt(tokens.access_token);
  const ahead = Math.min(aheadMs, ((exp - iat) * 1000) / 4);
  if (left > ahead) return "long";
  return left > ahead / 3 ? "short" : "none";
}

/** Until when `tokenLife` is long for certain and nobody has left the session alone, in milliseconds since 1970. */
export function calmUntil({ session }: Pick<HeldSession, "session">, idleMs: number): number {
  if (!session.is_active) return 0;
  return Math.min(Date.parse(session.expires_at) - aheadMs, Date.parse(session.last_activity) + idleMs);
}

/** Whether the access token is good still, be it for a second. */
export function isInForce(session: AuthenticationContextOutput, now = Date.now()): boolean {
  return authenticationContextPhase(session, new Date(now).toISOString()) === "active";
}

/** Throws SESSION_OVER for a session that was ended. */
export function refuseEnded(session: AuthenticationContextOutput): void {
  if (authenticationContextPhase(session, new Date().toISOString()) === "logged_out") {
    throw new ApiError({ code: "SESSION_OVER" });
  }
}

export function isLeftAlone(session: AuthenticationContextOutput, idleMs: number): boolean {
  return isIdle(session, new Date().toISOString(), idleMs);
}
