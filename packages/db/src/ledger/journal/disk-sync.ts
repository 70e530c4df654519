import { fdatasync } from "node:fs";
import { open } from "node:fs/promises";
import { promisify } from "node:util";
import { failedWith } from "../ledger-errors.ts";

/**
 * When what was written is brought from the system's memory to the disk.
 * `never`: survives the death of the process, not a power cut. `interval`: a power cut costs at most the last moments.
 * `always`: no request leaves before its intent is on the disk.
 */
export type SyncPolicy = "never" | "interval" | "always";

/** `fs.fdatasync`, replaceable so that a test sees when it is asked and what it says. */
export type SyncFile = (fd: number) => Promise<void>;

export const fdatasyncFile: SyncFile = promisify(fdatasync);

/** A file that can be brought to the disk. */
export interface Syncable {
  /** Brings to the disk what was written before the call. */
  sync(): Promise<void>;
}

/**
 * Brings files and the directories that name them to the disk, one sync at a time and never on the event loop: what is
 * written meanwhile goes with the next one, so that many turns share a sync.
 */
export class DiskSync {
  readonly #done: (failure: unknown) => void;
  readonly #dirty = new Set<Syncable>();
  readonly #directories = new Set<string>();
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** `done` is told once a sync what it failed with, or undefined. */
  constructor(done: (failure: unknown) => void) {
    this.#done = done;
  }

  /** Whether something was written since the last sync began. */
  get isDirty(): boolean {
    return this.#dirty.size > 0;
  }

  /** The file was written, or the directory got a new entry. */
  wrote(file: Syncable): void {
    this.#dirty.add(file);
  }
  named(directory: string): void {
    this.#directories.add(directory);
  }

  /** Resolves when all that was written before this call is on the disk. Rejects with what the system says. */
  flush(): Promise<void> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return this.#start();
      });
    return this.#next;
  }

  #start(): Promise<void> {
    const running = this.#sync().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #sync(): Promise<void> {
    const files = [...this.#dirty];
    const directories = [...this.#directories];
    if (files.length === 0 && directories.length === 0) return;
    this.#dirty.clear();
    this.#directories.clear();
    const results = await Promise.allSettled([
      ...files.map((file) => file.sync()),
      ...directories.map((directory) => syncDirectory(directory)),
    ]);
    // not tried again: after a failure the system counts its pages as clean, so a second success would mean nothing
    const failed = results.find((result) => result.status === "rejected");
    this.#done(failed?.reason);
    if (failed !== undefined) throw failed.reason;
  }
}

async function syncDirectory(path: string): Promise<void> {
  try {
    await using directory = await open(path, "r");
    await directory.sync();
  } catch (error) {
    // Windows opens no directory and some file systems sync none; one that is gone names nothing
    if (!failedWith(error, "EISDIR", "EPERM", "EACCES", "EINVAL", "ENOTSUP", "ENOENT")) throw error;
  }
}
