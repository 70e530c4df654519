import type { SupabaseClientPhase } from "@waybill/contracts";
import { jittered } from "../backoff.ts";
import type { Backoff } from "../backoff.ts";

export interface ProbeOptions {
  readonly retryBackoff?: Backoff;
  readonly probeBackoff?: Backoff;
  /** Whether Supabase answers. Never rejects, and has a deadline of its own. */
  readonly ask: () => Promise<boolean>;
  readonly answered: (alive: boolean) => void;
}

/** Asks in the background, for as long as a connection is in trouble. One question at a time. */
export interface Probe {
  /** Starts, goes on with, or ends the asking, as the phase wants it. A person's deactivation is never probed. */
  follow(phase: SupabaseClientPhase, retries: number): void;
  /** Asks once, for a connection that only may be in trouble. */
  now(): void;
  close(): void;
}

const RETRY: Backoff = { firstMs: 500, limitMs: 10_000 };
const PROBE: Backoff = { firstMs: 1000, limitMs: 30_000 };

export function openProbe(options: ProbeOptions): Probe {
  const retryBackoff = options.retryBackoff ?? RETRY;
  const probeBackoff = options.probeBackoff ?? PROBE;
  let timer: NodeJS.Timeout | undefined;
  let asking = false;
  let closed = false;
  let probes = 0;

  const ask = async (): Promise<void> => {
    timer = undefined;
    if (asking || closed) return;
    asking = true;
    const alive = await options.ask();
    asking = false;
    // what comes of it calls `follow`, which plans the next question
    if (!closed) options.answered(alive);
  };
  const plan = (delayMs: number): void => {
    if (timer === undefined && !asking && !closed) timer = setTimeout(() => void ask(), delayMs).unref();
  };

  return {
    follow(phase, retries) {
      if (phase === "failing") plan(jittered(retryBackoff, retries));
      else if (phase === "disconnected") plan(jittered(probeBackoff, probes++));
      else {
        clearTimeout(timer);
        timer = undefined;
        probes = 0;
      }
    },
    now: () => plan(0),
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
