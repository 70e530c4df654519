import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LedgerError, reasonOf } from "../ledger-errors.ts";
import { createUuidV7 } from "../uuidv7.ts";
import { type Project, writeLock } from "./process-lock.ts";

/** A process's own directory under the journal's: named by a UUIDv7, never used twice. */
export interface ProcessDirectory {
  readonly id: string;
  readonly path: string;
}

export const UNFINISHED = ".new-";

const nextId = createUuidV7();

/** Makes the directory with its lock in it; it appears under its name only when whole. Throws `ENVIRONMENT_INVALID`. */
export function createProcessDirectory(journalDir: string, project: Project): ProcessDirectory {
  const id = nextId();
  const unfinished = join(journalDir, UNFINISHED + id);
  const path = join(journalDir, id);
  try {
    mkdirSync(journalDir, { recursive: true, mode: 0o700 });
    mkdirSync(unfinished, { mode: 0o700 });
    writeLock(unfinished, project);
    renameSync(unfinished, path);
  } catch (error) {
    throw new LedgerError(
      "ENVIRONMENT_INVALID",
      `The journal directory ${journalDir} cannot be used (${reasonOf(error)}).`,
      "Make it writable for this user, or name another one in WAYBILL_JOURNAL_DIR (option journalDir).",
      error,
    );
  }
  return { id, path };
}

export function removeDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
