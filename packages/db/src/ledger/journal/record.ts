import { crc32 } from "node:zlib";

/** I: an intent. P: the row of an operation that is still open. O: the row of an operation with its outcome. */
export type RecordKind = "I" | "P" | "O";

export interface JournalRecord {
  readonly kind: RecordKind;
  /** A JSON object without a raw newline. */
  readonly payload: Buffer;
}

/** `crc32 of what follows, 8 hex digits` `space` `kind` `payload` `newline` */
const CHECKSUM = 8;
const OVERHEAD = CHECKSUM + 3;
/** Where the payload begins within its line. */
export const PAYLOAD_START = CHECKSUM + 2;
const FIRST_KEY = '{"operation_id":"';
const HEX = Buffer.from("0123456789abcdef");
const INITIAL_BYTES = 64 * 1024;
const KEPT_BYTES = 4 * 1024 * 1024;

/** Collects records, each with its checksum, into one write. */
export class RecordBuffer {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #length = 0;
  /** Where each payload begins and ends in what was collected: begin, end, begin, end… */
  readonly payloads: number[] = [];

  get length(): number {
    return this.#length;
  }

  get records(): number {
    return this.payloads.length / 2;
  }

  /** @param parts of the payload: to join a long text with short ones first would be to copy it once more */
  append(kind: RecordKind, ...parts: readonly string[]): void {
    let units = 0;
    for (const part of parts) units += part.length;
    // A UTF-16 unit takes three bytes at the most.
    this.#reserve(units * 3 + OVERHEAD);
    const bytes = this.#bytes;
    const start = this.#length;
    const body = start + CHECKSUM + 1;
    bytes[body - 1] = 0x20;
    bytes[body] = kind.charCodeAt(0);
    let end = body + 1;
    for (const part of parts) end += bytes.write(part, end, "utf8");
    writeHex(bytes, start, crc32(bytes.subarray(body, end)));
    bytes[end] = 0x0a;
    this.payloads.push(body + 1, end);
    this.#length = end + 1;
  }

  /** What was collected; valid until the next call. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
    this.payloads.length = 0;
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

function writeHex(bytes: Buffer, at: number, value: number): void {
  let rest = value;
  for (let digit = CHECKSUM - 1; digit >= 0; digit--) {
    bytes[at + digit] = HEX[rest & 15] ?? 0;
    rest >>>= 4;
  }
}

export interface LineVisitor {
  /** `start` is the record's offset in the bytes given, `length` its bytes with the newline. */
  record(record: JournalRecord, start: number, length: number): void;
  /** Bytes that no record could be made of, without the newline. */
  damaged(bytes: Buffer): void;
}

/**
 * Visits the records in `bytes` and returns how many bytes were whole lines. With `last`, what follows the last newline
 * counts as a line too: the torn tail of a process that died while it wrote.
 */
export function readRecords(bytes: Buffer, visitor: LineVisitor, last = false): number {
  let start = 0;
  while (start < bytes.length) {
    let end = bytes.indexOf(0x0a, start);
    if (end === -1) {
      if (!last) return start;
      end = bytes.length;
    }
    if (end > start) readLine(bytes, start, end, visitor);
    start = end + 1;
  }
  return Math.min(start, bytes.length);
}

function readLine(bytes: Buffer, lineStart: number, end: number, visitor: LineVisitor): void {
  let start = lineStart;
  while (start < end) {
    const record = parseRecord(bytes.subarray(start, end));
    if (record !== undefined) {
      visitor.record(record, start, end + 1 - start);
      return;
    }
    // A newline that was lost joins two records: look for one that ends, then for one that begins within this line.
    const cut = wholePrefix(bytes, start, end);
    const whole = cut === undefined ? undefined : parseRecord(bytes.subarray(start, cut));
    const next = cut ?? nextRecordStart(bytes, start, end);
    if (whole === undefined) visitor.damaged(bytes.subarray(start, next));
    else visitor.record(whole, start, next - start);
    start = next;
  }
}

/** Where a record ends that begins at `start` and is followed by something else than a newline. */
function wholePrefix(bytes: Buffer, start: number, end: number): number | undefined {
  const expected = checksumAt(bytes, start);
  if (expected === undefined) return undefined;
  let checked = start + CHECKSUM + 1;
  let value = 0;
  for (;;) {
    const brace = bytes.indexOf(0x7d, checked);
    if (brace === -1 || brace >= end) return undefined;
    value = crc32(bytes.subarray(checked, brace + 1), value);
    checked = brace + 1;
    if (value === expected) return checked;
  }
}

/** Where the next record seems to begin, by the key that each begins with; `end` when none does. */
function nextRecordStart(bytes: Buffer, start: number, end: number): number {
  const key = bytes.indexOf(FIRST_KEY, start + OVERHEAD);
  return key === -1 || key >= end ? end : key - CHECKSUM - 2;
}

function parseRecord(line: Buffer): JournalRecord | undefined {
  const kind = kindOf(line[CHECKSUM + 1]);
  if (kind === undefined) return undefined;
  const checked = line.subarray(CHECKSUM + 1);
  return checksumAt(line, 0) === crc32(checked) ? { kind, payload: checked.subarray(1) } : undefined;
}

function checksumAt(bytes: Buffer, start: number): number | undefined {
  if (bytes[start + CHECKSUM] !== 0x20) return undefined;
  const value = Number.parseInt(bytes.toString("latin1", start, start + CHECKSUM), 16);
  return Number.isNaN(value) ? undefined : value;
}

function kindOf(byte: number | undefined): RecordKind | undefined {
  if (byte === 0x49) return "I";
  if (byte === 0x50) return "P";
  if (byte === 0x4f) return "O";
  return undefined;
}
