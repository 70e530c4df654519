import { setTimeout as sleep } from "node:timers/promises";
import { authenticationContextPhase } from "@waybill/contracts";
import type { SessionState, SessionStore } from "@waybill/db";
import type { Logger } from "pino";
import { ApiError } from "../../trpc/api-error.ts";

/** An answer that goes on while its caller's session lasts. Disposing of it is its end. */
export interface SessionStream extends Disposable {
  /** Aborted with an ApiError (SESSION_OVER, SESSION_EXPIRED) once the session is not in force any more. */
  readonly signal: AbortSignal;
}

/** What sessions have open in this process. */
export interface SessionStreams {
  /** Throws RATE_LIMITED when too many are open. Null: a plain access token, which has no session that could end. */
  open(sessionId: string | null): SessionStream;
  /** Looks at once, for this process has changed a session. */
  look(): void;
}

export interface SessionStreamsOptions {
  readonly sessions: Pick<SessionStore, "statesOf">;
  readonly logger: Logger;
  readonly everyMs?: number;
  readonly mostStreams?: number;
}

/** So long at most, and the time of a look, does a stream outlive a session that any process ended. */
const lookEveryMs = 2_000;
const manyStreams = 1_000;
/** Sessions that one call's URL names. */
const lookedAtOnce = 150;

/** Looks at the rows of those sessions only that have a stream open, many in one call. */
export function openSessionStreams(options: SessionStreamsOptions): SessionStreams {
  const { sessions, logger, everyMs = lookEveryMs, mostStreams = manyStreams } = options;
  const open = new Map<AbortController, string>();
  let watching = false;
  let wake = new AbortController();

  const lookOnce = async (): Promise<void> => {
    const looked = [...open];
    const ids = [...new Set(looked.map(([, id]) => id))];
    for (let at = 0; at < ids.length; at += lookedAtOnce) {
      const part = ids.slice(at, at + lookedAtOnce);
      const states = await sessions.statesOf(part);
      const stateOf = new Map(states.map((state) => [state.session_id, state]));
      for (const [controller, id] of looked) {
        const reason = part.includes(id) ? endOf(stateOf.get(id)) : null;
        if (reason !== null) controller.abort(reason);
      }
    }
  };
  const watch = async (): Promise<void> => {
    if (watching) return;
    watching = true;
    while (open.size > 0) {
      await sleep(everyMs, undefined, { signal: wake.signal, ref: false }).catch(() => (wake = new AbortController()));
      // a session whose row cannot be read lasts until it can
      if (open.size > 0) {
        await lookOnce().catch((err: unknown) =>
          logger.debug({ err }, "the sessions of streams could not be looked at"),
        );
      }
    }
    watching = false;
  };

  return {
    open(sessionId) {
      const controller = new AbortController();
      if (sessionId !== null) {
        if (open.size >= mostStreams) throw tooMany(open.size);
        open.set(controller, sessionId);
        void watch();
      }
      return { signal: controller.signal, [Symbol.dispose]: () => void open.delete(controller) };
    },
    look() {
      if (open.size > 0) wake.abort();
    },
  };
}

function endOf(state: SessionState | undefined): ApiError | null {
  const phase = state === undefined ? "logged_out" : authenticationContextPhase(state, new Date().toISOString());
  if (phase === "active") return null;
  return new ApiError({ code: phase === "logged_out" ? "SESSION_OVER" : "SESSION_EXPIRED" });
}

function tooMany(count: number): ApiError {
  return new ApiError({
    code: "RATE_LIMITED",
    message: `${count} streams are open already`,
    hint: "Wait until one of them has ended.",
  });
}
