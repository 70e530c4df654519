import { PAYLOAD_START } from "./record.ts";

/** A piece of a segment's rows file, as it was written. */
interface Slab {
  segment: number;
  /** Where it begins in the file. */
  start: number;
  readonly bytes: Buffer;
  length: number;
  /** Where each payload begins and ends within it: begin, end, begin, end… */
  readonly payloads: number[];
  /** The first payload that was not taken, as an index into them. */
  next: number;
  /** Rows of it that are under way, as batches. */
  underWay: number;
}

/** Rows whose memory is used again once they are released. */
export interface TakenRows {
  readonly rows: readonly Buffer[];
  /** What they take in the file. */
  readonly bytes: number;
  readonly release: () => void;
}

const SLAB_BYTES = 1024 * 1024;
/** Bytes kept in all; beyond it the oldest are left to be read from the file. */
const KEPT_BYTES = 8 * 1024 * 1024;

/**
 * The rows that were written last, so that a flush which keeps up need not read them back and check them. The file stays
 * what counts: what is no longer here is read from it.
 */
export class RecentRows {
  #slabs: Slab[] = [];
  /** Taken whole and released: fresh memory costs the system more than a copy into it. */
  #spare: Slab[] = [];

  /** @param start where `bytes` were written in the rows file of `segment` */
  add(segment: number, start: number, bytes: Buffer, payloads: readonly number[]): void {
    const slab = this.#slabFor(segment, start, bytes.length);
    for (const at of payloads) slab.payloads.push(slab.length + at);
    bytes.copy(slab.bytes, slab.length);
    slab.length += bytes.length;
  }

  /** The rows from `offset` on, up to `maxBytes` (one row at the least); once. */
  take(segment: number, offset: number, maxBytes: number): TakenRows | undefined {
    for (;;) {
      const [slab] = this.#slabs;
      if (slab === undefined || isAhead(slab, segment, offset)) return undefined;
      if (slab.segment === segment && offset < slab.start + slab.length) return this.#takeFrom(slab, offset, maxBytes);
      this.#slabs.shift();
      this.#reuse(slab);
    }
  }

  clear(): void {
    this.#slabs = [];
  }

  #takeFrom(slab: Slab, offset: number, maxBytes: number): TakenRows | undefined {
    const { payloads, bytes } = slab;
    const from = offset - slab.start;
    const lineStart = (at: number): number => (payloads[at] ?? slab.length + PAYLOAD_START) - PAYLOAD_START;
    let at = slab.next;
    while (at < payloads.length && lineStart(at) < from) at += 2;
    // what was read from the file before ended elsewhere than here: the file goes on being read
    if (lineStart(at) !== from) return undefined;
    const rows: Buffer[] = [];
    do {
      rows.push(bytes.subarray(payloads[at], payloads[at + 1]));
      at += 2;
    } while (at < payloads.length && lineStart(at + 2) - from <= maxBytes);
    slab.next = at;
    slab.underWay += 1;
    const release = (): void => {
      slab.underWay -= 1;
      if (!this.#slabs.includes(slab)) this.#reuse(slab);
    };
    return { rows, bytes: lineStart(at) - from, release };
  }

  #slabFor(segment: number, start: number, length: number): Slab {
    const last = this.#slabs.at(-1);
    const isNext = last !== undefined && last.segment === segment && last.start + last.length === start;
    if (isNext && last.length + length <= last.bytes.length) return last;
    const slab = this.#emptySlab(length);
    slab.segment = segment;
    slab.start = start;
    this.#slabs.push(slab);
    let kept = this.#slabs.reduce((sum, { bytes }) => sum + bytes.length, 0);
    while (kept > KEPT_BYTES && this.#slabs.length > 1) {
      const oldest = this.#slabs.shift();
      if (oldest === undefined) break;
      kept -= oldest.bytes.length;
      this.#reuse(oldest);
    }
    return slab;
  }

  #emptySlab(length: number): Slab {
    const spare = length <= SLAB_BYTES ? this.#spare.pop() : undefined;
    if (spare !== undefined) {
      spare.length = spare.payloads.length = spare.next = 0;
      return spare;
    }
    const bytes = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, length));
    return { segment: 0, start: 0, bytes, length: 0, payloads: [], next: 0, underWay: 0 };
  }

  #reuse(slab: Slab): void {
    const isFull = this.#spare.length * SLAB_BYTES >= KEPT_BYTES;
    if (slab.underWay === 0 && slab.bytes.length === SLAB_BYTES && !isFull) this.#spare.push(slab);
  }
}

function isAhead(slab: Slab, segment: number, offset: number): boolean {
  return slab.segment > segment || (slab.segment === segment && slab.start > offset);
}
