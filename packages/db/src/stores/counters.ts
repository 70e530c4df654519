import { hash } from "node:crypto";
import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import type { Database } from "../database.types.ts";
import { rowsOf } from "./answer.ts";

/** Counters that live for a window of time, such as a minute of somebody's calls. */
export interface CounterStore {
  /**
   * Adds points (or takes some, never below 0) in one step, and tells how many there are and how long the window lasts.
   * A counter that is new or whose window has ended, and any with `restart`, begins with these points and a whole window.
   */
  add(name: string, points: number, windowMs: number, restart?: boolean): Promise<Counter>;
}

export interface Counter {
  readonly points: number;
  readonly msLeft: number;
}

const answerSchema = z
  .object({ points: z.int(), ms_left: z.int() })
  .transform(({ points, ms_left: msLeft }): Counter => ({ points, msLeft }));

/**
 * Counters that all processes of one database share. Names are kept as hashes: they may hold addresses of people. Rejects
 * with a WaybillDbError, after `deadlineMs` at the latest.
 *
 * @param untracked a client of the secret key whose calls leave no record
 */
export function createCounterStore(untracked: SupabaseClient<Database>, deadlineMs: number): CounterStore {
  return {
    async add(name, points, windowMs, restart = false) {
      const input = { counter_name: hash("sha256", name, "base64url"), added: points, window_ms: windowMs, restart };
      const answer = await untracked.rpc("count_points", input).abortSignal(AbortSignal.timeout(deadlineMs));
      const [counter] = rowsOf("Counting", answerSchema, { ...answer, data: [answer.data] });
      return counter ?? answerSchema.parse(counter);
    },
  };
}
