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
  /** Grows with each `forget`: what was read or stored before may be past. */
  changes(): number;
  /** Keeps what this process has just stored, unless something was forgotten since. */
  keep(held: HeldSession, since: number): void;
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
  let changes = 0;
  const kept = new LRUCache<string, HeldSession>({
    max: keptSessions,
    ttl: staleMs,
    // whose session a read is of shows when it has ended, so each that was overtaken is made again
    async fetchMethod(tokenHash) {
      const since = changes;
      const held = await read(tokenHash);
      return since === changes ? held : undefined;
    },
  });
  /** A fetch rejects where its entry is dropped meanwhile. */
  const overtaken = (error: unknown, since: number): undefined => {
    if (since === changes) throw error;
  };
  return {
    async find(token) {
      if (!isSessionToken(token)) throw noSessionToken("The bearer");
      const tokenHash = hashOfToken(token);
      const since = changes;
      const known =
        kept.get(tokenHash) ?? (await kept.fetch(tokenHash).catch((error: unknown) => overtaken(error, since)));
      return known ?? read(tokenHash);
    },
    read,
    touch: ({ session }) => store.touch(session),
    changes: () => changes,
    keep(held, since) {
      if (since === changes) kept.set(held.tokenHash, held);
    },
    forget(tokenHash) {
      changes += 1;
      kept.delete(tokenHash);
      changed();
    },
    forgetSessions(sessionIds) {
      changes += 1;
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
