import { randomUUID } from "node:crypto";
import { currentContext } from "@waybill/db";
import type { Logger } from "pino";
import { ApiError } from "../../trpc/api-error.ts";
import type { TokenSource } from "./ask-for-tokens.ts";
import type { HeldSession } from "./open-sessions.ts";
import { type RefreshTurnsOptions, refreshTurns } from "./refresh-turns.ts";
import { calmUntil, isInForce, isLeftAlone, refuseEnded, tokenLife } from "./token-life.ts";

export interface SessionRefresher {
  /**
   * The session with an access token that carries a call: refreshed where that is past its expiry, or about to be. Rejects
   * with SESSION_OVER, or while no refresh succeeds with SUPABASE_UNREACHABLE.
   */
  usable(held: HeldSession): Promise<HeldSession>;
  /** New tokens, however good the old ones are. Rejects likewise. */
  renew(held: HeldSession): Promise<HeldSession>;
  /** The same from elsewhere, for a session whose refresh token is known to be no good any more. */
  renewFrom(source: TokenSource, held: HeldSession): Promise<HeldSession>;
}

export interface SessionRefresherOptions extends RefreshTurnsOptions {
  readonly logger: Logger;
  /** Sessions that this process refreshes at the same time; one more is refused with TRANSPORT_BUSY. */
  readonly mostAtOnce?: number;
}

const manyAtOnce = 10_000;

/** Refreshes sessions when they are used, each once for all who use it at that moment. */
export function createSessionRefresher(options: SessionRefresherOptions): SessionRefresher {
  const { waybill, sessions, idleMs, logger, mostAtOnce = manyAtOnce } = options;
  const takeTurns = refreshTurns(options);
  const running = new Map<string, Promise<HeldSession>>();

  const refresh = (held: HeldSession, isForced: boolean, source?: TokenSource): Promise<HeldSession> => {
    const { session_id, user_id } = held.session;
    const known = running.get(session_id);
    if (known !== undefined) return known;
    if (running.size >= mostAtOnce) return Promise.reject(new ApiError({ code: "TRANSPORT_BUSY" }));
    // of the first of those who wait for it
    const request_id = currentContext()?.request_id ?? randomUUID();
    const context = { request_id, user_id, session_id };
    const started = begin(context, held, () => takeTurns(held, isForced, source)).finally(() =>
      running.delete(session_id),
    );
    running.set(session_id, started);
    return started;
  };
  const begin = async (
    context: Parameters<typeof waybill.run>[0],
    held: HeldSession,
    turns: () => Promise<HeldSession>,
  ): Promise<HeldSession> => {
    const since = sessions.changes();
    try {
      const fresh = await waybill.run(context, turns);
      // unless it was ended here while the answer was on its way
      sessions.keep(fresh, since);
      return fresh;
    } catch (err) {
      sessions.forget(held.tokenHash);
      logger.info({ err, session_id: held.session.session_id }, "a session could not be refreshed");
      throw err;
    }
  };

  /** Until when nothing has to be looked at, of each session as it was read: most calls end here. */
  const calm = new WeakMap<HeldSession, number>();
  const isCalm = (held: HeldSession): boolean => {
    const until = calm.get(held) ?? calmUntil(held, idleMs);
    calm.set(held, until);
    return Date.now() < until;
  };

  return {
    async usable(held) {
      if (isCalm(held)) return held;
      const life = tokenLife(held);
      const isAlone = isLeftAlone(held.session, idleMs);
      if (life === "long" && !isAlone) return held;
      refuseEnded(held.session);
      const refreshed = refresh(held, false);
      if (life === "short" && !isAlone) {
        // it is told in the log, and the next call tries again
        refreshed.catch(() => {});
        return held;
      }
      try {
        return await refreshed;
      } catch (error) {
        const isOver = error instanceof ApiError && error.waybillCode === "SESSION_OVER";
        if (isOver || !isInForce(held.session)) throw error;
        return held;
      }
    },
    renew: (held) => refresh(held, true),
    async renewFrom(source, held) {
      // one that is under way brings the tokens that are no good, or none
      await running.get(held.session.session_id)?.catch(() => {});
      return refresh(held, true, source);
    },
  };
}
