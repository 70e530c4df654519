import type { ProcessSample } from "./process-sample.ts";

/** What a process may hold more in the last quarter of a run than in the second: the first one warms up. */
const RSS_FACTOR = 1.15;
const RSS_BYTES = 24 * 1024 * 1024;
const HANDLES = 10;

export interface Flatness {
  /** Medians of the second and of the last quarter. */
  readonly rss: readonly [before: number, after: number];
  readonly handles: readonly [before: number, after: number] | undefined;
  /** A sentence for each thing that grew; empty when all is flat. */
  readonly differences: readonly string[];
}

/** Compares the second quarter of the samples with the last one. Throws when there are too few of them. */
export function flatness(samples: readonly ProcessSample[]): Flatness {
  const quarter = Math.floor(samples.length / 4);
  if (quarter < 3) throw new Error(`${samples.length} samples are too few to tell: let it run longer`);
  const early = samples.slice(quarter, quarter * 2);
  const late = samples.slice(-quarter);
  const rss = [median(early.map((one) => one.rss)), median(late.map((one) => one.rss))] as const;
  const counted = (some: readonly ProcessSample[]): number[] => some.flatMap(({ handles }) => handles ?? []);
  const handles =
    counted(samples).length === samples.length ? ([median(counted(early)), median(counted(late))] as const) : undefined;
  const differences = [];
  if (rss[1] > rss[0] * RSS_FACTOR + RSS_BYTES) {
    differences.push(`memory grew from ${mebibytes(rss[0])} to ${mebibytes(rss[1])}`);
  }
  if (handles !== undefined && handles[1] > handles[0] + HANDLES) {
    differences.push(`open files and sockets grew from ${handles[0]} to ${handles[1]}`);
  }
  return { rss, handles, differences };
}

export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
