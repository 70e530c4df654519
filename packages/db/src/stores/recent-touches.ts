/** Sessions that are remembered; one that falls out is merely written once more. */
export const touchLimit = 10_000;

/** Tells which session's activity is due to be written, so that a busy one costs no write a request. */
export interface RecentTouches {
  /** True at most once in `intervalMs` a session; asking counts as writing. */
  isDue(sessionId: string, nowMs: number): boolean;
  readonly size: number;
}

export function recentTouches(intervalMs: number, limit = touchLimit): RecentTouches {
  const lastTouch = new Map<string, number>();
  return {
    isDue(sessionId, nowMs) {
      const last = lastTouch.get(sessionId);
      // a clock that was set back must not silence a session
      if (last !== undefined && nowMs >= last && nowMs - last < intervalMs) return false;
      lastTouch.delete(sessionId);
      lastTouch.set(sessionId, nowMs);
      if (lastTouch.size > limit) {
        const [oldest] = lastTouch.keys();
        if (oldest !== undefined) lastTouch.delete(oldest);
      }
      return true;
    },
    get size() {
      return lastTouch.size;
    },
  };
}
