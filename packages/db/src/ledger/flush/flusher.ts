import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../../log.ts";
import type { RowBatch } from "../journal/row-reader.ts";
import { reasonOf } from "../ledger-errors.ts";

/** Something that has rows to flush: this process's journal or an adopted one. */
export interface FlushSource {
  /** Undefined when it has none at the moment. */
  next(maxBytes: number): Promise<RowBatch | undefined>;
}

export interface FlusherOptions {
  /** Those that may be flushed now; the first one takes turns with the others. */
  readonly sources: () => readonly FlushSource[];
  readonly deliver: (rows: readonly Buffer[], signal: AbortSignal) => Promise<void>;
  readonly batchBytes: number;
  /** How long rows are collected before a batch leaves, unless somebody waits for them. */
  readonly lingerMs: number;
  readonly log: Log;
}

const PAUSE_AFTER_FAULT_MS = 1000;

/** Moves rows from the journals to the database, a batch at a time, in the background. Holds no process alive. */
export class Flusher {
  readonly #options: FlusherOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #nudged = Promise.withResolvers<void>();
  #isNudged = false;
  #urgent = new AbortController();
  #waiters = 0;
  #turn = 0;
  #progress = Promise.withResolvers<void>();

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
    await this.#running;
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
          await this.#options.deliver(batch.rows, signal);
          batch.acknowledge();
          this.#advance();
          // Under load a small batch means that the next one would be small too: let it grow.
          if (batch.bytes * 2 < this.#options.batchBytes) await this.#linger(signal);
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#options.log("error", "The flush of the journal failed; tried again", { reason: reasonOf(error) });
        await sleep(PAUSE_AFTER_FAULT_MS, undefined, { ref: false, signal }).catch(() => {});
      }
    }
  }

  async #next(): Promise<RowBatch | undefined> {
    const sources = this.#options.sources();
    for (let tried = 0; tried < sources.length; tried++) {
      const source = sources[this.#turn++ % sources.length];
      const batch = await source?.next(this.#options.batchBytes);
      if (batch !== undefined) return batch;
    }
    return undefined;
  }

  async #wait(signal: AbortSignal): Promise<void> {
    await this.#nudged.promise;
    this.#isNudged = false;
    this.#nudged = Promise.withResolvers();
    await this.#linger(signal);
  }

  async #linger(signal: AbortSignal): Promise<void> {
    if (this.#waiters > 0 || signal.aborted) return;
    this.#urgent = new AbortController();
    const pause = { ref: false, signal: this.#urgent.signal };
    await sleep(this.#options.lingerMs, undefined, pause).catch(() => {});
  }

  #advance(): void {
    this.#progress.resolve();
    this.#progress = Promise.withResolvers();
  }
}
