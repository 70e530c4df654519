import { setTimeout as sleep } from "node:timers/promises";
import { type RefreshLease, type Waybill, WaybillDbError } from "@waybill/db";
import { ApiError } from "../../trpc/api-error.ts";
import { type Asked, byRefreshToken, type TokenSource } from "./ask-for-tokens.ts";
import type { HeldSession, OpenSessions } from "./open-sessions.ts";
import { isLeftAlone, refuseEnded, tokenLife } from "./token-life.ts";

export interface RefreshTurnsOptions {
  readonly waybill: Waybill;
  readonly sessions: OpenSessions;
  /** Milliseconds after which a session that nobody uses is over. */
  readonly idleMs: number;
  readonly operationTimeoutMs: number;
}

/**
 * One refresh of a session, whichever process makes it. Rejects with SESSION_OVER, or with what kept it from being made.
 *
 * @param isForced new tokens, though the stored ones may be good
 * @param source where they come from; default: the refresh token
 */
export type RefreshTurns = (held: HeldSession, isForced: boolean, source?: TokenSource) => Promise<HeldSession>;

/** How long Supabase Auth has for an answer, tries of auth-js included; an operation's deadline goes before it. */
const askMs = 5_000;
/**
 * What a lease outlasts that by: the row is read before it, and written after it. Together they stay below the ten seconds
 * in which Auth takes any used token once more (docs/decisions/states.md).
 */
const leaseExtraMs = 3_000;
/** No request to Auth is under way when the lease has less than this left, by this process's clock. */
const safetyMs = 1_000;
const pollMs = 150;

/**
 * A refresh token is good for one use, so one process at a time asks Auth: who holds the lease in the session's row. The
 * others wait until the row has moved on. Of a process that is killed the lease ends by itself, and the next one asks again
 * with the token that is stored.
 */
export function refreshTurns({ waybill, sessions, idleMs, operationTimeoutMs }: RefreshTurnsOptions): RefreshTurns {
  const authMs = Math.min(askMs, operationTimeoutMs);
  const leaseMs = authMs + leaseExtraMs;
  // one whole lease of somebody who was killed, and a turn of one's own
  const patienceMs = 2 * leaseMs;

  const read = async (tokenHash: string): Promise<HeldSession> => {
    const held = await sessions.read(tokenHash);
    refuseEnded(held.session);
    if (!isLeftAlone(held.session, idleMs)) return held;
    if (await waybill.sessions.endIdle(held.session)) throw leftAlone();
    // used or refreshed at this very moment
    const now = await sessions.read(tokenHash);
    refuseEnded(now.session);
    if (isLeftAlone(now.session, idleMs)) throw leftAlone();
    return now;
  };
  const release = (lease: RefreshLease, hasFailed: boolean): Promise<number> =>
    // it ends by itself
    waybill.sessions.releaseRefresh(lease, hasFailed).catch(() => leaseMs);

  /** Null when somebody else has taken over: then the row tells. */
  const underLease = async (
    tokenHash: string,
    lease: RefreshLease,
    isForced: boolean,
    source: TokenSource,
  ): Promise<HeldSession | null> => {
    // nobody else changes the tokens from here on
    const held = await read(tokenHash);
    if (!isForced && tokenLife(held) === "long") {
      await release(lease, false);
      return held;
    }
    const deadlineMs = Math.min(authMs, Math.floor(lease.heldUntil - performance.now() - safetyMs));
    if (deadlineMs <= 0) {
      await release(lease, false);
      return null;
    }
    const asked = await source(held, deadlineMs);
    if (asked.kind === "given") {
      const session = await waybill.sessions.storeRefreshed(held.session, lease, asked.refresh);
      return { session, tokens: asked.refresh, tokenHash };
    }
    if (asked.kind === "failed") throw notNow(asked, await release(lease, asked.isAuths));
    if (await waybill.sessions.endRefused(held.session, lease)) throw new ApiError({ code: "SESSION_OVER" });
    return null;
  };
  const takeTurn = async (...turn: Parameters<typeof underLease>): Promise<HeldSession | null> => {
    const [, lease] = turn;
    try {
      return await underLease(...turn);
    } catch (error) {
      if (error instanceof WaybillDbError && error.code === "VERSION_CONFLICT") return null;
      if (error instanceof WaybillDbError) await release(lease, true);
      throw error;
    }
  };

  return async (held, isForced, source = byRefreshToken(waybill)) => {
    const { tokenHash } = held;
    const until = performance.now() + patienceMs;
    // who wants new tokens wants others than are stored now, not than were known here
    let seen = isForced ? await read(tokenHash) : held;
    while (performance.now() < until) {
      const turn = await waybill.sessions.leaseRefresh(seen.session, leaseMs);
      if (turn.kind === "backing_off") throw backingOff(turn.waitMs);
      if (turn.kind === "busy") {
        await sleep(Math.min(turn.waitMs, pollMs) * (0.5 + Math.random()));
        continue;
      }
      const refreshed = turn.kind === "leased" ? await takeTurn(tokenHash, turn.lease, isForced, source) : null;
      if (refreshed !== null) return refreshed;
      seen = await read(tokenHash);
      // somebody else's refresh is as good
      if (tokenLife(seen) === "long") return seen;
    }
    throw backingOff(pollMs);
  };
}

function leftAlone(): ApiError {
  return new ApiError({ code: "SESSION_OVER", message: "The session was not used for so long that it is over" });
}

const again = (waitMs: number): string =>
  `The session is not over: try again in ${Math.max(1, Math.ceil(waitMs / 1000))} s, and it goes on as soon as Supabase Auth answers.`;

function backingOff(waitMs: number): ApiError {
  const message = "The session could not be refreshed a moment ago, and the next try is not due yet";
  return new ApiError({ code: "SUPABASE_UNREACHABLE", message, hint: again(waitMs) });
}

function notNow({ error, isAuths }: Asked & { readonly kind: "failed" }, waitMs: number): ApiError {
  if (!isAuths || error.waybillCode !== "SUPABASE_UNREACHABLE") return error;
  const { operationId, cause } = error;
  const message = "The session could not be refreshed: Supabase Auth did not answer";
  return new ApiError({
    code: "SUPABASE_UNREACHABLE",
    message,
    hint: again(waitMs),
    cause,
    ...(operationId === null ? {} : { operationId }),
  });
}
