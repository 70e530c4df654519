/** Pauses that double up to a limit. */
export interface Backoff {
  readonly firstMs: number;
  readonly limitMs: number;
}

/**
 * Exponential with full jitter: anything from nothing to the doubled pause, so that many processes that lost the same
 * server do not come back in step.
 *
 * @param attempt 0 for the first
 */
export function jittered({ firstMs, limitMs }: Backoff, attempt: number, random: () => number = Math.random): number {
  return Math.round(random() * Math.min(limitMs, firstMs * 2 ** Math.min(attempt, 30)));
}
