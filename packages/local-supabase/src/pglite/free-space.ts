import { statfsSync } from "node:fs";
import { LocalSupabaseError } from "../errors.ts";

const mebibyte = 1024 * 1024;

/**
 * Postgres writes ahead in files of 16 MiB. In WebAssembly it never comes back when it cannot make the next one, so
 * writing ends while there is room for four: a transaction may be larger than what was free when it began.
 */
export const writeReserve: number = 64 * mebibyte;
/** Less than one of those files. */
export const noRoom: number = 16 * mebibyte;

/** Bytes that this user may still write on the disk with `path`; where that cannot be told, as if there were enough. */
export function freeSpace(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

export function refuseFullDisk(path: string, free: number): void {
  if (free >= writeReserve) return;
  throw new LocalSupabaseError("DATA_DIR_UNUSABLE", `${path} cannot be opened: ${fullDiskSentence(free)}`);
}

export const fullDiskSentence = (free: number): string =>
  `only ${Math.floor(free / mebibyte)} MiB of its disk are free, and Postgres needs ${writeReserve / mebibyte} MiB to write. Free some space, or choose another data directory.`;
