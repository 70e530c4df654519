import type { OpenSession, SessionActivity, SessionStore } from "@waybill/db";
import { LRUCache } from "lru-cache";
import { ApiError } from "../../trpc/api-error.ts";
import { hashOfToken, isSessionToken } from "./session-token.ts";

/** A session that its bearer has proved to hold, whatever its state. */
export interface HeldSession extends OpenSession {
  readonly tokenHash: string;
}

/** Sessions by their token, kept for a moment: else every call would read one more row. */
export interface OpenSessions {
  /** What was known of it at most 10 seconds ago. Rejects with TOKEN_INVALID for a token that no session has. */
  find(token: string): Promise<HeldSession>;
  /** What the database says now. */
  read(tokenHash: string): Promise<HeldSession>;
  /** Notes the session's activity, which is written later. */
  touch(held: HeldSession): void;
  /** Keeps what this process has just stored. */
  keep(held: HeldSession): void;
  /** Drops what is kept, because this process has changed or ended the session. */
  forget(tokenHash: string): void;
  forgetSessions(sessionIds: readonly string[]): void;
}

/** How long another process's logout may stay unseen here. */
const staleMs = 10_000;
const keptSessions = 10_000;

/** @param changed is told of each `forget` */
export function createOpenSessions(
  store: Pick<SessionStore, "findByTokenHash"> & SessionActivity,
  changed: () => void = () => {},
): OpenSessions {
  const read = async (tokenHash: string): Promise<HeldSession> => {
    const found = await store.findByTokenHash(tokenHash);
    if (found === null) throw new ApiError({ code: "TOKEN_INVALID", message: "No session has this session token" });
    return { ...found, tokenHash };
  };
  const kept = new LRUCache<string, HeldSession>({ max: keptSessions, ttl: staleMs, fetchMethod: read });
  return {
    async find(token) {
      if (!isSessionToken(token)) throw noSessionToken("The bearer");
      const tokenHash = hashOfToken(token);
      // undefined: a fetch that `forget` overtook, so that what it read may be past
      return kept.get(tokenHash) ?? (await kept.fetch(tokenHash)) ?? read(tokenHash);
    },
    read,
    touch: ({ session }) => store.touch(session),
    keep: (held) => void kept.set(held.tokenHash, held),
    forget(tokenHash) {
      kept.delete(tokenHash);
      changed();
    },
    forgetSessions(sessionIds) {
      const gone = new Set(sessionIds);
      for (const [tokenHash, { session }] of kept.entries()) if (gone.has(session.session_id)) kept.delete(tokenHash);
      changed();
    },
  };
}

export function noSessionToken(what: string): ApiError {
  return new ApiError({
    code: "TOKEN_INVALID",
    message: `${what} is not a session token`,
    hint: "Send the session_token (wbs_…) that sessions.login gave.",
  });
}
