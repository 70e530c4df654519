import { writeSync } from "node:fs";
import { fdatasyncFile } from "../journal/disk-sync.ts";
import type { JournalOptions } from "../journal/journal.ts";

/** A journal with room for everything, and nobody who listens. */
export function journalOptions(directory: string): JournalOptions {
  return {
    directory,
    write: writeSync,
    fsync: "never",
    syncEveryMs: 1000,
    syncFile: fdatasyncFile,
    segmentBytes: 1 << 20,
    maxBytes: 1 << 30,
    otherBytes: () => 0,
    whenFull: "block",
    pendingAfterMs: 1000,
    log: () => {},
    onRows: () => {},
  };
}
