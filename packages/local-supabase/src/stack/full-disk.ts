export interface DiskWatchOptions {
  /** Whether Postgres cannot make its next file. */
  readonly noRoom: () => boolean;
  /** A number that changes while the main thread runs. */
  readonly beat: () => number;
  readonly now: () => number;
  readonly graceMs: number;
}

/**
 * Tells, asked again and again, whether the main thread has been silent ever since the disk was seen full: then PGlite
 * is in the loop that it does not leave, even when there is room again.
 */
export function watchDisk({ noRoom, beat, now, graceMs }: DiskWatchOptions): () => boolean {
  let silent: { readonly beat: number; readonly since: number } | undefined;
  return () => {
    const last = beat();
    if (silent?.beat !== last) silent = noRoom() ? { beat: last, since: now() } : undefined;
    return silent !== undefined && now() - silent.since >= graceMs;
  };
}
