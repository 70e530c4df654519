export interface BatchSizeOptions {
  /** Bytes of rows in the first batches. */
  readonly batchBytes: number;
  readonly minBatchBytes: number;
  readonly maxBatchBytes: number;
}

/** What a batch should take, the queue before it included: long enough to be worth its call, short for who waits behind. */
const TARGET_MS = 250;
const STEP = 1.5;

/**
 * How many bytes of rows go into one call. Under a backlog it grows as long as the database answers quickly, and shrinks
 * when it becomes slow; a timeout or a 413 halves it. Measured from sending to answer, several uploads count as one
 * queue: where the database takes them one after the other, each becomes smaller.
 */
export class BatchSize {
  readonly #options: BatchSizeOptions;
  #bytes: number;

  constructor(options: BatchSizeOptions) {
    this.#options = options;
    this.#bytes = this.#within(options.batchBytes);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether this batch was as large as it might have been: then more is waiting. */
  isFull(bytes: number): boolean {
    return bytes * 2 >= this.#bytes;
  }

  stored(bytes: number, tookMs: number): void {
    if (!this.isFull(bytes)) return;
    if (tookMs * 2 < TARGET_MS) this.#bytes = this.#within(this.#bytes * STEP);
    else if (tookMs > TARGET_MS * 2) this.#bytes = this.#within(this.#bytes / STEP);
  }

  /** The database had no time for so much, or no room. */
  tooMuch(bytes: number): void {
    this.#bytes = this.#within(Math.min(this.#bytes, bytes) / 2);
  }

  #within(bytes: number): number {
    const { minBatchBytes, maxBatchBytes } = this.#options;
    return Math.round(Math.min(Math.max(bytes, minBatchBytes), maxBatchBytes));
  }
}
