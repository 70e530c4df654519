import { errors, type JWTPayload } from "jose";

/** By so many seconds clocks may differ. */
export const clockToleranceSeconds = 10;

/**
 * Throws for a token that is past its time, or not yet in it. A token from the future is the sign of a clock that is
 * wrong: Supabase Auth sets no `nbf`, so `iat` tells.
 */
export function refuseWrongTimes(claims: JWTPayload): void {
  const now = Date.now() / 1000;
  const { exp, iat, nbf } = claims;
  if (exp === undefined) throw new errors.JWTClaimValidationFailed("no expiry", claims, "exp", "missing");
  if (exp <= now - clockToleranceSeconds) throw new errors.JWTExpired("expired", claims, "exp");
  if (Math.max(iat ?? 0, nbf ?? 0) > now + clockToleranceSeconds) {
    throw new errors.JWTClaimValidationFailed("from the future", claims, "iat");
  }
}
