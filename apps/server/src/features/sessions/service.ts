import type { AuthenticationContextOutput } from "@waybill/contracts";
import type { Waybill } from "@waybill/db";
import { authError } from "../../trpc/auth-error.ts";
import type { HeldSession, OpenSessions } from "./open-sessions.ts";
import type { SessionRefresher } from "./refresh.ts";
import { refuseEnded } from "./token-life.ts";

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** Sessions by way of Supabase Auth (data-model.md §3), but for the ways to open one. */
export interface SessionService {
  /** Throws UNIQUE_VIOLATION for an address that has an account, where the project tells. */
  signUp(credentials: Credentials): Promise<{ user_id: string; email: string; confirmation_required: boolean }>;
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
    async signUp({ email, password }) {
      const { data, error } = await waybill.anon().auth.signUp({ email, password });
      if (error !== null || data.user === null) throw authError("Signing up", error);
      return { user_id: data.user.id, email: data.user.email ?? email, confirmation_required: data.session === null };
    },

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
