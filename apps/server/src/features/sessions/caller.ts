import { decodeJwt } from "jose";
import { claimsSchema, permissionsOf, type TokenVerifier } from "./access-token.ts";
import type { HeldSession, OpenSessions } from "./open-sessions.ts";
import type { SessionRefresher } from "./refresh.ts";

/** Who calls, as a session or a verified access token tells it. */
export interface Caller {
  readonly userId: string;
  readonly email: string | null;
  /** `app_metadata.roles`, which only the secret key can write. */
  readonly roles: readonly string[];
  /** `app_metadata.permissions`, likewise. */
  readonly permissions: readonly string[];
  /** The Supabase access token that puts the caller's row-level security in force. It goes to Supabase and nowhere else. */
  readonly accessToken: string;
  /** Null for a caller that brings a plain Supabase access token. */
  readonly held: HeldSession | null;
}

/** Tells who a bearer is. Rejects with TOKEN_INVALID, SESSION_EXPIRED, SESSION_OVER or SUPABASE_UNREACHABLE. */
export type CallerResolver = (bearer: string) => Promise<Caller>;

export function callerResolver(
  sessions: OpenSessions,
  { usable }: Pick<SessionRefresher, "usable">,
  verify: TokenVerifier,
): CallerResolver {
  /** A session as it was read is of one caller: its token is decoded once, and not at every call. */
  const known = new WeakMap<HeldSession, SessionCaller>();
  const callerOf = (held: HeldSession): SessionCaller => {
    const found = known.get(held) ?? callerByClaims(held);
    known.set(held, found);
    return found;
  };
  return async (bearer) => {
    if (bearer.startsWith("wbs_")) {
      const caller = callerOf(await usable(await sessions.find(bearer)));
      sessions.touch(caller.held);
      return caller;
    }
    const { userId, email, roles, permissions } = await verify(bearer);
    return { userId, email, roles, permissions, accessToken: bearer, held: null };
  };
}

type SessionCaller = Caller & { readonly held: HeldSession };

function callerByClaims(held: HeldSession): SessionCaller {
  const { session, tokens } = held;
  // Supabase Auth gave it to this server over TLS and it was sealed since, so its signature needs no second look.
  const claims = claimsSchema.parse(decodeJwt(tokens.access_token));
  return {
    userId: session.user_id,
    email: claims.email ?? null,
    ...permissionsOf(claims),
    accessToken: tokens.access_token,
    held,
  };
}
