import type { Log } from "../log.ts";
import { complaints } from "./complaints.ts";
import type { JobCalls } from "./job-calls.ts";
import { openTicker, type Ticker } from "./ticker.ts";

export interface HeartbeatOptions {
  readonly calls: Pick<JobCalls, "beatClients">;
  readonly log: Log;
  /** Those that this process runs, and that have a row. */
  readonly clientIds: () => readonly string[];
  /** Default 10 s. */
  readonly everyMs?: number | undefined;
}

/**
 * Tells the database that the process of these clients lives. Whoever runs the jobs marks a client without it as
 * disconnected, since its own process can do so no more.
 */
export function openHeartbeat({ calls, log, clientIds, everyMs = 10_000 }: HeartbeatOptions): Ticker {
  const complain = complaints(log);
  return openTicker(everyMs, async () => {
    const ids = clientIds();
    if (ids.length === 0) return;
    try {
      await calls.beatClients(ids);
      complain("heartbeat", null);
    } catch (error) {
      complain("heartbeat", error);
    }
  });
}
