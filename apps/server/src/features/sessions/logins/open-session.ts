import type { Session } from "@supabase/supabase-js";
import type { Waybill } from "@waybill/db";
import { decodeJwt } from "jose";
import { ApiError } from "../../../trpc/api-error.ts";
import { claimsSchema, permissionsOf } from "../access-token.ts";
import { hashOfToken, makeSessionToken } from "../session-token.ts";
import type { OpenedSession, Origin } from "./login.ts";

/** Makes a session of what Supabase Auth answered a login with. */
export type SessionOpener = (
  tokens: Pick<Session, "access_token" | "refresh_token">,
  origin: Origin,
) => Promise<OpenedSession>;

/** A token that was made a moment ago may look so old, or so young, by this server's clock. */
const clockSeconds = 60;

export function sessionOpener(waybill: Waybill): SessionOpener {
  return async ({ access_token, refresh_token }, { ipAddress, userAgent }) => {
    try {
      const payload = decodeJwt(access_token);
      const claims = claimsSchema.parse(payload);
      refuseWrongClock(payload.iat ?? Date.now() / 1000);
      const token = makeSessionToken();
      const session = await waybill.sessions.create(
        {
          user_id: claims.sub,
          access_token,
          refresh_token,
          expires_at: new Date(claims.exp * 1000).toISOString(),
          ip_address: ipAddress,
          user_agent: userAgent,
          permissions: permissionsOf(claims),
        },
        hashOfToken(token),
      );
      return { session, token };
    } catch (error) {
      // else a session that nobody holds would live on at Supabase Auth
      await waybill.anon().auth.admin.signOut(access_token, "local");
      throw error;
    }
  };
}

/** Throws CLOCK_SKEW: by a clock that is an hour wrong a session would be over at once, or outlive its token. */
function refuseWrongClock(issuedAt: number): void {
  const ahead = Math.round(Date.now() / 1000 - issuedAt);
  if (Math.abs(ahead) <= clockSeconds) return;
  throw new ApiError({
    code: "CLOCK_SKEW",
    message: `This server's clock and Supabase's are ${Math.abs(ahead)} seconds apart, so nobody can sign in`,
  });
}
