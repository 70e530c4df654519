import { open, type FileHandle } from "node:fs/promises";
import { failedWith } from "../ledger-errors.ts";
import type { RecentRows } from "./recent-rows.ts";
import { readRecords } from "./record.ts";
import type { SegmentFile } from "./segments.ts";

/** Rows on their way to the database, as JSON texts. */
export interface RowBatch {
  readonly rows: readonly Buffer[];
  /** What they take in the journal. */
  readonly bytes: number;
  /** They are in the database: in any order among batches, once each. The rows are not to be read after. */
  acknowledge(): void;
}

export interface ReadableSegment {
  readonly number: number;
  readonly rows: SegmentFile;
  readonly sealed: boolean;
}

export interface RowReaderOptions {
  /** What need not be read from a file. */
  readonly recent?: RecentRows;
  /** In ascending order; may grow and shrink between two reads. */
  readonly segments: () => readonly ReadableSegment[];
  /**
   * Every row of this sealed segment was acknowledged. One that began before it may still wait for its own: should the
   * process die then, what ended in this segment is settled once more as unknown, which changes no stored record.
   */
  readonly drained: (segment: ReadableSegment) => void;
  readonly damaged: (bytes: Buffer) => void;
}

/** Reads rows in the order in which they were written; several batches may be under way. */
export class RowReader {
  readonly #options: RowReaderOptions;
  /** Segments up to this one were read to their end; batches of them that are under way, and which only wait for those. */
  #done = 0;
  readonly #underWay = new Map<number, number>();
  readonly #ended = new Map<number, ReadableSegment>();
  #offset = 0;
  #file: FileHandle | undefined;

  constructor(options: RowReaderOptions) {
    this.#options = options;
  }

  /** Up to `maxBytes` of rows (one row at the least), or undefined when all were read. Not to be called before it has answered. */
  async next(maxBytes: number): Promise<RowBatch | undefined> {
    for (;;) {
      const segment = this.#options.segments().find(({ number }) => number > this.#done);
      if (segment === undefined) return undefined;
      const available = segment.rows.bytes - this.#offset;
      if (available > 0) {
        const batch = this.#recall(segment, maxBytes) ?? (await this.#read(segment, available, maxBytes));
        if (batch !== undefined) return batch;
      } else if (segment.sealed) {
        await this.#leave(segment);
      } else {
        return undefined;
      }
    }
  }

  /** Whether every row that was read is acknowledged. */
  get isIdle(): boolean {
    return this.#underWay.size === 0;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  #recall({ number }: ReadableSegment, maxBytes: number): RowBatch | undefined {
    const recent = this.#options.recent?.take(number, this.#offset, maxBytes);
    if (recent === undefined) return undefined;
    this.#offset += recent.bytes;
    return this.#batch(number, recent.rows, recent.bytes, recent.release);
  }

  #batch(number: number, rows: readonly Buffer[], bytes: number, release?: () => void): RowBatch {
    this.#underWay.set(number, (this.#underWay.get(number) ?? 0) + 1);
    return {
      rows,
      bytes,
      acknowledge: () => {
        release?.();
        this.#acknowledge(number);
      },
    };
  }

  /** Undefined when there was nothing but damage, which is left behind. */
  async #read(segment: ReadableSegment, available: number, maxBytes: number): Promise<RowBatch | undefined> {
    for (let size = Math.min(available, maxBytes); ; size = Math.min(available, size * 2)) {
      const bytes = await this.#readAt(segment, size);
      const rows: Buffer[] = [];
      const damaged: Buffer[] = [];
      const isEnd = size === available || bytes.length < size;
      const consumed = readRecords(
        bytes,
        { record: ({ payload }) => rows.push(payload), damaged: (line) => damaged.push(line) },
        isEnd,
      );
      if (consumed === 0 && !isEnd) continue;
      for (const line of damaged) this.#options.damaged(line);
      // A file that is shorter than it was said to be holds nothing more.
      const end = this.#offset + (bytes.length < size ? available : consumed);
      this.#offset = end;
      if (rows.length === 0) return undefined;
      return this.#batch(segment.number, rows, consumed);
    }
  }

  async #readAt(segment: ReadableSegment, size: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(size);
    let length = 0;
    try {
      this.#file ??= await open(segment.rows.path, "r");
      while (length < size) {
        const { bytesRead } = await this.#file.read(bytes, length, size - length, this.#offset + length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
    } catch (error) {
      if (!failedWith(error, "ENOENT")) throw error;
    }
    return bytes.subarray(0, length);
  }

  async #leave(segment: ReadableSegment): Promise<void> {
    await this.close();
    this.#done = segment.number;
    this.#offset = 0;
    if (this.#underWay.has(segment.number)) this.#ended.set(segment.number, segment);
    else this.#options.drained(segment);
  }

  #acknowledge(number: number): void {
    const left = (this.#underWay.get(number) ?? 1) - 1;
    if (left > 0) {
      this.#underWay.set(number, left);
      return;
    }
    this.#underWay.delete(number);
    const ended = this.#ended.get(number);
    if (ended === undefined) return;
    this.#ended.delete(number);
    this.#options.drained(ended);
  }
}
