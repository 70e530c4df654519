import { authenticationContextPhase, type AuthenticationContextOutput } from "@waybill/contracts";
import { type Waybill, WaybillDbError } from "@waybill/db";
import { ApiError } from "../../trpc/api-error.ts";
import { authError } from "../../trpc/auth-error.ts";
import { claimsSchema } from "./access-token.ts";
import type { HeldSession, OpenSessions } from "./open-sessions.ts";
import { hashOfToken, makeSessionToken } from "./session-token.ts";
import { decodeJwt } from "jose";

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** From where a session is opened. */
export interface Origin {
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
}

/** Sessions by way of Supabase Auth (data-model.md §3). */
export interface SessionService {
  /** Throws UNIQUE_VIOLATION for an address that has an account, where the project tells. */
  signUp(credentials: Credentials): Promise<{ user_id: string; email: string; confirmation_required: boolean }>;
  /** Throws INVALID_CREDENTIALS. */
  login(
    credentials: Credentials,
    origin: Origin,
  ): Promise<{ session: AuthenticationContextOutput; session_token: string }>;
  /** New tokens for the session, expired or not. Throws SESSION_OVER when it was ended. */
  refresh(held: HeldSession): Promise<AuthenticationContextOutput>;
  /** Ends the session here and at Supabase Auth. Throws SESSION_OVER when it has ended already. */
  logout(held: HeldSession): Promise<AuthenticationContextOutput>;
}

export function createSessionService(waybill: Waybill, sessions: OpenSessions): SessionService {
  const refreshing = new Map<string, Promise<AuthenticationContextOutput>>();
  return {
    async signUp({ email, password }) {
      const { data, error } = await waybill.anon().auth.signUp({ email, password });
      if (error !== null || data.user === null) throw authError("Signing up", error);
      return { user_id: data.user.id, email: data.user.email ?? email, confirmation_required: data.session === null };
    },

    async login({ email, password }, { ipAddress, userAgent }) {
      const { data, error } = await waybill.anon().auth.signInWithPassword({ email, password });
      if (error !== null) throw authError("Signing in", error);
      const token = makeSessionToken();
      const { access_token, refresh_token } = data.session;
      const { exp, app_metadata } = claimsSchema.parse(decodeJwt(access_token));
      const session = await waybill.sessions.create(
        {
          user_id: data.user.id,
          access_token,
          refresh_token,
          expires_at: new Date(exp * 1000).toISOString(),
          ip_address: ipAddress,
          user_agent: userAgent,
          permissions: { roles: app_metadata?.roles ?? [] },
        },
        hashOfToken(token),
      );
      return { session, session_token: token };
    },

    refresh(held) {
      const id = held.session.session_id;
      // A refresh token is good for one use: two calls at once must not both spend it.
      const running = refreshing.get(id);
      if (running !== undefined) return running;
      const started = refreshOnce(held).finally(() => {
        refreshing.delete(id);
        sessions.forget(held.tokenHash);
      });
      refreshing.set(id, started);
      return started;
    },

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

  async function refreshOnce({ tokenHash }: HeldSession): Promise<AuthenticationContextOutput> {
    const held = await sessions.read(tokenHash);
    refuseEnded(held.session);
    const { data, error } = await waybill.anon().auth.refreshSession({ refresh_token: held.tokens.refresh_token });
    if (error !== null || data.session === null) {
      const refusal = authError("Refreshing the session", error);
      if (refusal.waybillCode === "SESSION_OVER") await waybill.sessions.end(held.session);
      throw refusal;
    }
    const { access_token, refresh_token } = data.session;
    const { exp, sub } = claimsSchema.parse(decodeJwt(access_token));
    // Whatever went wrong above, one user's session must never hold another's tokens.
    if (sub !== held.session.user_id)
      throw new ApiError({ code: "INTERNAL", cause: "refreshed tokens of another user" });
    const refresh = { access_token, refresh_token, expires_at: new Date(exp * 1000).toISOString() };
    try {
      return await waybill.sessions.storeRefreshed(held.session, refresh);
    } catch (storing) {
      if (!(storing instanceof WaybillDbError) || storing.code !== "VERSION_CONFLICT") throw storing;
      // Another process refreshed or ended it meanwhile; its word stands.
      const now = await sessions.read(tokenHash);
      refuseEnded(now.session);
      return now.session;
    }
  }
}

function refuseEnded(session: AuthenticationContextOutput): void {
  if (authenticationContextPhase(session, new Date().toISOString()) === "logged_out") {
    throw new ApiError({ code: "SESSION_OVER" });
  }
}
