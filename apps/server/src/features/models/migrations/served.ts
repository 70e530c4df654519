import { setTimeout as wait } from "node:timers/promises";
import type { SupabaseClient } from "@supabase/supabase-js";

/** How long the Data API may take to hear of a change; a hosted one takes a second, or some with many tables. */
const withinMs = 10_000;
/** Between two questions: each leaves a record, so they become rarer. */
const firstPauseMs = 100;
const longestPauseMs = 1600;

/**
 * Waits until the Data API knows these tables: who was told that they are made may use them at once. False where it takes
 * too long. Of a column that was added it cannot be asked.
 */
export async function isServed(service: SupabaseClient, tables: readonly string[]): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  for (const table of tables) {
    let pauseMs = firstPauseMs;
    while ((await service.from(table).select("*").limit(0)).error !== null) {
      if (performance.now() > deadline) return false;
      await wait(pauseMs);
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
  }
  return true;
}
