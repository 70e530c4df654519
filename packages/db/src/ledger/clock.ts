import { performance } from "node:perf_hooks";

/** A moment: `at` as an ISO time with microseconds and `Z`. */
export interface Instant {
  readonly at: string;
  readonly wallMicros: number;
  readonly monotonicMs: number;
}

/** How long something took (decisions.md "Rules made exact"). */
export interface Elapsed {
  /** Strictly after the start: the start plus the monotonic time taken, at least 1 µs. */
  readonly completed_at: string;
  /** Whole milliseconds, rounded up: ≥ 1. */
  readonly execution_time_ms: number;
}

export interface Clock {
  start(): Instant;
  /** Milliseconds by the monotonic clock. */
  elapsedMs(started: Instant): number;
  since(started: Instant): Elapsed;
}

interface ClockSources {
  /** Milliseconds since 1970; may step in either direction. */
  readonly wall?: () => number;
  /** Milliseconds that only grow. */
  readonly monotonic?: () => number;
}

const DRIFT_MS = 20;

/**
 * Wall-clock times with microseconds. Between two looks at the wall clock the monotonic one carries on, so that moments
 * of one millisecond stay apart; when the two have drifted by 20 ms (the clock was set) the wall clock is taken again.
 */
export function createClock({ wall = Date.now, monotonic = () => performance.now() }: ClockSources = {}): Clock {
  let anchorWall = wall();
  let anchorMonotonic = monotonic();
  const elapsedMs = (started: Instant): number => Math.max(0, monotonic() - started.monotonicMs);

  return {
    start() {
      const monotonicMs = monotonic();
      const wallNow = wall();
      let at = anchorWall + (monotonicMs - anchorMonotonic);
      if (Math.abs(at - wallNow) > DRIFT_MS) {
        anchorWall = wallNow;
        anchorMonotonic = monotonicMs;
        at = wallNow;
      }
      const wallMicros = Math.floor(at * 1000);
      return { at: formatMicros(wallMicros), wallMicros, monotonicMs };
    },
    elapsedMs,
    since(started) {
      const took = elapsedMs(started);
      const micros = Math.max(1, Math.ceil(took * 1000));
      return {
        completed_at: formatMicros(started.wallMicros + micros),
        execution_time_ms: Math.max(1, Math.ceil(took)),
      };
    },
  };
}

let cachedSecond = -1;
let cachedPrefix = "";

/** Microseconds since 1970 as `2026-11-22T10:00:00.123456Z`. */
export function formatMicros(micros: number): string {
  const second = Math.floor(micros / 1_000_000);
  if (second !== cachedSecond) {
    cachedPrefix = new Date(second * 1000).toISOString().slice(0, 20);
    cachedSecond = second;
  }
  return `${cachedPrefix}${String(micros - second * 1_000_000).padStart(6, "0")}Z`;
}

/** The reverse of {@link formatMicros}; `NaN` for anything else. */
export function parseMicros(text: string): number {
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\.(\d{6})Z$/.exec(text);
  if (match === null) return Number.NaN;
  return Date.parse(`${match[1]}Z`) * 1000 + Number(match[2]);
}
