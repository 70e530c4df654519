import type { AuthenticationContextOutput } from "@waybill/contracts";
import type { Waybill } from "@waybill/db";
import type { HeldSession, OpenSessions } from "./open-sessions.ts";
import type { SessionRefresher } from "./refresh.ts";
import { refuseEnded } from "./token-life.ts";

/** Sessions by way of Supabase Auth (data-model.md §3), but for the ways to open one. */
export interface SessionService {
  /** New tokens for the session, expired or not. Throws SESSION_OVER when it was ended. */
  refresh(held: HeldSession): Promise<AuthenticationContextOutput>;
  /** Ends the session here and at Supabase Auth. Throws SESSION_OVER when it has ended already. */
  logout(held: HeldSession): Promise<AuthenticationContextOutput>;
}

export function createSessionService(
  waybill: Waybill,
  sessions: OpenSessions,
  { renew }: Pick<SessionRefresher, "renew">,
): SessionService {
  return {
    refresh: async (held) => (await renew(held)).session,

    async logout({ tokenHash }) {
      try {
        const { session, tokens } = await sessions.read(tokenHash);
        refuseEnded(session);
        const ended = await waybill.sessions.end(session);
        // The row is ended, which is what counts here; Supabase Auth may have dropped its session before.
        await waybill.anon().auth.admin.signOut(tokens.access_token, "local");
        return ended;
      } finally {
        sessions.forget(tokenHash);
      }
    },
  };
}
