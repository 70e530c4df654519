import type { Log } from "../../log.ts";
import { reasonOf } from "../ledger-errors.ts";
import { DiskSync, type SyncPolicy } from "./disk-sync.ts";

export interface DurabilityOptions {
  readonly fsync: SyncPolicy;
  readonly syncEveryMs: number;
  readonly log: Log;
  /** A sync failed. The system counts the pages as clean now, whatever became of them. */
  readonly onFailure: () => void;
}

/** When a journal goes to the disk by its policy, and what came of it. */
export class Durability {
  readonly #options: DurabilityOptions;
  /** Undefined where nothing is synced. */
  readonly disk: DiskSync | undefined;
  #syncedAt = performance.now();
  /** Why the last sync failed. */
  failure: string | undefined;

  constructor(options: DurabilityOptions) {
    this.#options = options;
    this.disk = options.fsync === "never" ? undefined : new DiskSync((failure) => this.#done(failure));
  }

  /** Why operations cannot be recorded as the policy asks. */
  get refusal(): string | undefined {
    return this.isAwaited ? this.failure : undefined;
  }

  /** Whether requests wait for the disk. */
  get isAwaited(): boolean {
    return this.#options.fsync === "always";
  }

  /** What the requests of a turn have to wait for after it was written; undefined when they may go. */
  afterTurn(): Promise<void> | undefined {
    return this.isAwaited && this.disk?.isDirty === true ? this.disk.flush() : undefined;
  }

  /** Starts a sync when it is time for one, or when the last one failed. */
  tick(): void {
    const isDue = performance.now() - this.#syncedAt >= this.#options.syncEveryMs;
    if (this.disk?.isDirty === true && (isDue || this.failure !== undefined)) void this.settled();
  }

  /** Resolves when what was written is on the disk, as far as the policy asks for that. Never rejects. */
  async settled(): Promise<void> {
    await this.disk?.flush().catch(() => {});
  }

  #done(failure: unknown): void {
    const { log, onFailure } = this.#options;
    this.#syncedAt = performance.now();
    const before = this.failure;
    this.failure = failure === undefined ? undefined : reasonOf(failure);
    if (this.failure === undefined) {
      if (before !== undefined) log("info", "The journal reaches the disk again");
      return;
    }
    if (before === undefined) {
      const message = "The journal cannot be brought to the disk: a power cut may cost what is in it";
      log("error", message, { reason: this.failure });
    }
    onFailure();
  }
}
