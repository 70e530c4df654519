import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../../log.ts";
import type { RowBatch } from "../journal/row-reader.ts";
import { reasonOf } from "../ledger-errors.ts";
import type { BatchSize } from "./batch-size.ts";

/** Something that has rows to flush: this process's journal or an adopted one. */
export interface FlushSource {
  /** Undefined when all were read. Never asked again before it has answered. */
  next(maxBytes: number): Promise<RowBatch | undefined>;
}

export interface FlusherOptions {
  /** Those that may be flushed now; the first one takes turns with the others. */
  readonly sources: () => readonly FlushSource[];
  /** `park` says that what is left of the batch waits for something else than the database. */
  readonly deliver: (rows: readonly Buffer[], signal: AbortSignal, park: () => void) => Promise<void>;
  /** While the last upload has failed one at a time is enough to find out that it passes again. */
  readonly isFailing: () => boolean;
  readonly size: BatchSize;
  /** Most uploads under way at once. */
  readonly uploads: number;
  /** How long rows are collected before a batch leaves, unless somebody waits for them. */
  readonly lingerMs: number;
  readonly log: Log;
}

const PAUSE_AFTER_FAULT_MS = 1000;
/** Bytes of batches that may wait for something else while others go on; one beyond that holds its place. */
const PARKED_BYTES = 8 * 1024 * 1024;
/** Without a backlog the next rows wait so long for the batch before them: less work for the database. */
const PATIENCE_MS = 500;

/**
 * Moves rows from the journals to the database in the background, a few batches at a time and in no order: what
 * `record_operations` stores does not depend on it. Holds no process alive.
 */
export class Flusher {
  readonly #options: FlusherOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #underWay = new Set<Promise<void>>();
  readonly #parked = new Map<Promise<void>, number>();
  #nudged = Promise.withResolvers<void>();
  #isNudged = false;
  #urgent = new AbortController();
  #waiters = 0;
  #turn = 0;
  #progress = Promise.withResolvers<void>();
  /** Of the batches in memory; at most `uploads` of the largest size, and the rows that are larger than that. */
  bytesUnderWay = 0;

  constructor(options: FlusherOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** There may be rows. */
  nudge(): void {
    if (this.#isNudged) return;
    this.#isNudged = true;
    this.#nudged.resolve();
  }

  /** Sends without waiting for more rows until `isDone`, or `signal` aborts; says which. */
  async hurryUntil(isDone: () => boolean, signal: AbortSignal): Promise<boolean> {
    this.#waiters += 1;
    this.#urgent.abort();
    this.nudge();
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    try {
      while (!isDone() && !signal.aborted) await Promise.race([this.#progress.promise, aborted]);
      return isDone();
    } finally {
      this.#waiters -= 1;
    }
  }

  /** Interrupts what is on its way; its rows stay in the journal. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#urgent.abort();
    this.nudge();
    this.#advance();
    await this.#running;
    await Promise.all([...this.#underWay, ...this.#parked.keys()]);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const batch = await this.#next();
        if (batch === undefined) {
          this.#advance();
          await this.#wait(signal);
        } else {
          this.#send(batch, signal);
          await this.#pace(this.#options.size.isFull(batch.bytes), signal);
        }
      } catch (error) {
        await this.#rest(error, signal);
      }
    }
  }

  async #next(): Promise<RowBatch | undefined> {
    const sources = this.#options.sources();
    for (let tried = 0; tried < sources.length; tried++) {
      const source = sources[this.#turn++ % sources.length];
      const batch = await source?.next(this.#options.size.bytes);
      if (batch !== undefined) return batch;
    }
    return undefined;
  }

  #send(batch: RowBatch, signal: AbortSignal): void {
    this.bytesUnderWay += batch.bytes;
    const park = (): void => this.#park(sending, batch.bytes);
    const sending = this.#deliver(batch, signal, park).finally(() => {
      this.#underWay.delete(sending);
      this.#parked.delete(sending);
      this.bytesUnderWay -= batch.bytes;
      // the source may be at its end now
      this.nudge();
      this.#advance();
    });
    this.#underWay.add(sending);
  }

  #park(sending: Promise<void>, bytes: number): void {
    let parked = bytes;
    for (const other of this.#parked.values()) parked += other;
    if (parked > PARKED_BYTES || !this.#underWay.delete(sending)) return;
    this.#parked.set(sending, bytes);
    this.#advance();
  }

  async #deliver(batch: RowBatch, signal: AbortSignal, park: () => void): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#options.deliver(batch.rows, signal, park);
        batch.acknowledge();
        return;
      } catch (error) {
        await this.#rest(error, signal);
      }
    }
  }

  async #rest(fault: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#options.log("error", "The flush of the journal failed; tried again", { reason: reasonOf(fault) });
    await sleep(PAUSE_AFTER_FAULT_MS, undefined, { ref: false, signal }).catch(() => {});
  }

  /** Until the next batch should be read. */
  async #pace(isFull: boolean, signal: AbortSignal): Promise<void> {
    const { uploads, isFailing, lingerMs } = this.#options;
    if (!isFull) {
      // under load a small batch means that the next one would be small too: let it grow
      await this.#linger(lingerMs);
      if (this.#underWay.size > 0) await Promise.race([this.#progress.promise, this.#linger(PATIENCE_MS)]);
    }
    while (this.#underWay.size >= (isFailing() ? 1 : uploads) && !signal.aborted) await this.#progress.promise;
  }

  async #wait(signal: AbortSignal): Promise<void> {
    await this.#nudged.promise;
    this.#isNudged = false;
    this.#nudged = Promise.withResolvers();
    if (!signal.aborted) await this.#linger(this.#options.lingerMs);
  }

  async #linger(ms: number): Promise<void> {
    if (this.#waiters > 0 || this.#stop.signal.aborted) return;
    this.#urgent = new AbortController();
    await sleep(ms, undefined, { ref: false, signal: this.#urgent.signal }).catch(() => {});
  }

  #advance(): void {
    this.#progress.resolve();
    this.#progress = Promise.withResolvers();
  }
}
