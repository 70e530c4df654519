import { setTimeout as sleep } from "node:timers/promises";
import { type AuthenticationContextOutput, transitionAuthenticationContext } from "@waybill/contracts";
import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import type { Database } from "../database.types.ts";
import { silentLog, type Log } from "../log.ts";
import { rowsOf } from "./answer.ts";

/** When sessions were used: kept in memory, and written in bulk, untracked, at most once in an interval a session. */
export interface SessionActivity {
  /** Activity: notes last_activity. Costs no request; a session that may not be used is passed over. */
  touch(session: AuthenticationContextOutput): void;
}

export interface OpenedSessionActivity extends SessionActivity {
  /** Sessions whose activity waits to be written. */
  readonly waiting: number;
  /** Writes what waits; nothing is noted afterwards. */
  close(): Promise<void>;
}

export interface SessionActivityOptions {
  readonly untracked: SupabaseClient<Database>;
  readonly log?: Log | undefined;
  readonly everyMs?: number;
  /** Sessions that wait at most; one that finds no room is noted at a later call. */
  readonly limit?: number;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
}

/** So often at most is a session's last_activity written (docs/decisions/stores.md). */
const writeEveryMs = 15_000;
const waitingLimit = 10_000;
const deadlineMs = 5_000;
/** How long a close waits: the moments of a quarter of a minute are worth no more. */
const closeMs = 2_000;

export function openSessionActivity(options: SessionActivityOptions): OpenedSessionActivity {
  const { untracked, log = silentLog, everyMs = writeEveryMs, limit = waitingLimit, clock = Date.now } = options;
  let waiting = new Map<string, string>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  let closed = false;

  const note = (sessionId: string, moment: string): void => {
    if (waiting.size < limit || waiting.has(sessionId)) waiting.set(sessionId, moment);
  };
  const plan = (): void => {
    if (closed || timer !== undefined || writing !== undefined) return;
    timer = setTimeout(() => void write(), everyMs).unref();
  };
  const write = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.size === 0) return;
    const sent = waiting;
    waiting = new Map();
    writing = send(untracked, sent).catch((error: unknown) => {
      log("debug", "The sessions' last activity could not be written and is tried again", { error: String(error) });
      // what came meanwhile is newer
      for (const [id, moment] of sent) if (!waiting.has(id)) note(id, moment);
    });
    await writing;
    writing = undefined;
    if (waiting.size > 0) plan();
  };

  return {
    touch(session) {
      if (closed) return;
      const at = new Date(clock()).toISOString();
      const moved = transitionAuthenticationContext(session, { type: "activity", at });
      if (!moved.ok) return;
      note(session.session_id, moved.state.last_activity);
      plan();
    },
    get waiting() {
      return waiting.size;
    },
    async close() {
      closed = true;
      const written = Promise.resolve(writing).then(write);
      await Promise.race([written, sleep(closeMs, undefined, { ref: false })]);
    },
  };
}

async function send(untracked: SupabaseClient<Database>, moments: ReadonlyMap<string, string>): Promise<void> {
  const answer = await untracked
    .rpc("touch_sessions", { session_ids: [...moments.keys()], moments: [...moments.values()] })
    .abortSignal(AbortSignal.timeout(deadlineMs));
  rowsOf("Noting the sessions' activity", z.number(), { ...answer, data: [answer.data] });
}
