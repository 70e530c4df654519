import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../../log.ts";
import { reasonOf } from "../ledger-errors.ts";
import { withoutBodies } from "../row.ts";
import type { BatchSize } from "./batch-size.ts";
import type { RejectedFile } from "./rejected.ts";
import type { StoredCounts, Uploader, UploadResult } from "./upload.ts";

export interface DeliveryOptions {
  readonly uploader: Uploader;
  readonly rejected: RejectedFile;
  readonly size: BatchSize;
  readonly backoffMs: number;
  readonly backoffLimitMs: number;
  readonly log: Log;
}

/** Sums of what the database answered, and the last thing that went wrong. */
export interface DeliveryTotals {
  counts: StoredCounts;
  rejected: number;
  bodiesDropped: number;
  lastFlushAt: string | null;
  lastError: string | null;
}

/** `tooMuch`: there was no time for so many rows. */
type Answer = Exclude<UploadResult, { kind: "failed" }> | { readonly kind: "tooMuch" };

interface RefusedRow {
  readonly row: Buffer;
  readonly reason: string;
}

/** Brings rows into the database, however long it takes, and isolates those that it refuses. */
export class Delivery {
  readonly totals: DeliveryTotals = {
    counts: { inserted: 0, settled: 0, unchanged: 0, cascaded: 0 },
    rejected: 0,
    bodiesDropped: 0,
    lastFlushAt: null,
    lastError: null,
  };
  readonly #options: DeliveryOptions;
  #awake = new AbortController();
  #isDiskFailing = false;
  /** In a row, over all uploads. */
  #failures = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /**
   * Resolves when every row is stored or set aside. Rejects only when `signal` aborts. `park` is told when all that is left
   * waits for a disk.
   */
  async deliver(rows: readonly Buffer[], signal: AbortSignal, park: () => void): Promise<void> {
    const refused: RefusedRow[] = [];
    await this.#deliver(rows, signal, refused);
    for (let failures = 0; !this.#setAside(refused); failures += 1) {
      park();
      await this.#rest(this.#pause(failures, 0), signal);
    }
  }

  async #deliver(rows: readonly Buffer[], signal: AbortSignal, refused: RefusedRow[]): Promise<void> {
    const answer = await this.#upload(rows, signal);
    if (answer.kind === "stored") {
      this.#stored(answer.counts);
      return;
    }
    const [only] = rows;
    if (answer.kind === "refused" && rows.length === 1 && only !== undefined) {
      const isSaved = await this.#storeWithoutBodies(only, answer.reason, signal);
      if (!isSaved) refused.push({ row: only, reason: answer.reason });
      return;
    }
    const middle = rows.length >> 1;
    await this.#deliver(rows.slice(0, middle), signal, refused);
    await this.#deliver(rows.slice(middle), signal, refused);
  }

  /** Whether a refused row could be stored without the body that is at fault. */
  async #storeWithoutBodies(row: Buffer, reason: string, signal: AbortSignal): Promise<boolean> {
    const note = `The database refused the record with this body (${reason}).`;
    for (const way of withoutBodies(row.toString("utf8"), note)) {
      const answer = await this.#upload([Buffer.from(way)], signal);
      if (answer.kind === "stored") {
        this.totals.bodiesDropped += 1;
        this.#stored(answer.counts);
        return true;
      }
    }
    return false;
  }

  /** Sets aside what it can, in order, and says whether that was all. What is left stays in the journal, too. */
  #setAside(refused: RefusedRow[]): boolean {
    const { rejected, log } = this.#options;
    for (let next = refused[0]; next !== undefined; next = refused[0]) {
      const { row, reason } = next;
      try {
        rejected.append(row, reason);
      } catch (error) {
        const message =
          "Records that the database refuses cannot be set aside; they wait in the journal until they can";
        if (!this.#isDiskFailing) log("error", message, { reason: reasonOf(error), file: rejected.path });
        this.#isDiskFailing = true;
        return false;
      }
      this.#isDiskFailing = false;
      refused.shift();
      this.totals.rejected += 1;
      log("error", "The database refuses the record of an operation; it was set aside", {
        reason,
        file: rejected.path,
      });
    }
    return true;
  }

  async #upload(rows: readonly Buffer[], signal: AbortSignal): Promise<Answer> {
    const bytes = rows.reduce((sum, row) => sum + row.length, 0);
    let pauses = 0;
    for (;;) {
      signal.throwIfAborted();
      const since = performance.now();
      const result = await this.#options.uploader.send(rows, signal);
      signal.throwIfAborted();
      if (result.kind !== "stored" && result.isTooMuch) this.#options.size.tooMuch(bytes);
      if (result.kind !== "failed") {
        this.#answered();
        if (result.kind === "stored") {
          this.#options.size.stored(bytes, performance.now() - since);
          this.totals.lastError = null;
        }
        return result;
      }
      this.#failed(result.reason, rows.length);
      pauses = (await this.#rest(this.#pause(pauses, result.retryAfterMs), signal)) ? pauses + 1 : 0;
      if (result.isTooMuch && rows.length > 1) return { kind: "tooMuch" };
    }
  }

  /** Ends the pause before the next try: somebody waits. */
  hurry(): void {
    this.#awake.abort();
    this.#awake = new AbortController();
  }

  /** False when it was cut short by {@link hurry}. Rejects when `signal` aborts. */
  async #rest(ms: number, signal: AbortSignal): Promise<boolean> {
    const awake = this.#awake;
    const wake = (): void => awake.abort();
    signal.addEventListener("abort", wake, { once: true });
    await sleep(ms, undefined, { ref: false, signal: awake.signal }).catch(() => {});
    signal.removeEventListener("abort", wake);
    signal.throwIfAborted();
    return !awake.signal.aborted;
  }

  #answered(): void {
    const failures = this.#failures;
    this.#failures = 0;
    if (failures > 0) this.#options.log("info", "The ledger reaches the database again", { failures });
  }

  #failed(reason: string, rows: number): void {
    this.totals.lastError = reason;
    const failures = ++this.#failures;
    // 1, 2, 4, 8 …: an outage of a day must not fill the log.
    if ((failures & (failures - 1)) === 0) {
      this.#options.log("warn", "Records wait in the journal: the database cannot be reached", {
        reason,
        failures,
        rows,
      });
    }
  }

  /** Full jitter, so that many processes do not come back at the same moment. */
  #pause(failures: number, atLeastMs: number): number {
    const { backoffMs, backoffLimitMs } = this.#options;
    const limit = Math.min(backoffLimitMs, backoffMs * 2 ** Math.min(failures, 20));
    return atLeastMs + Math.random() * limit;
  }

  #stored(counts: StoredCounts): void {
    const sums = this.totals.counts;
    sums.inserted += counts.inserted;
    sums.settled += counts.settled;
    sums.unchanged += counts.unchanged;
    sums.cascaded += counts.cascaded;
    this.totals.lastFlushAt = new Date().toISOString();
    if (counts.cascaded > 0) {
      this.#options.log("info", "Records were left out, for their client was removed", { cascaded: counts.cascaded });
    }
  }
}
