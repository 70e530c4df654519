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
const FIRST_KEY = '{"operation_id":"';
const HEX = Buffer.from("0123456789abcdef");
const INITIAL_BYTES = 64 * 1024;
const KEPT_BYTES = 4 * 1024 * 1024;

/** Collects records, each with its checksum, into one write. */
export class RecordBuffer {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(kind: RecordKind, payload: string): void {
    // A UTF-16 unit takes three bytes at the most.
    this.#reserve(payload.length * 3 + OVERHEAD);
    const bytes = this.#bytes;
    const start = this.#length;
    const body = start + CHECKSUM + 1;
    bytes[body - 1] = 0x20;
    bytes[body] = kind.charCodeAt(0);
    const end = body + 1 + bytes.write(payload, body + 1, "utf8");
    writeHex(bytes, start, crc32(bytes.subarray(body, end)));
    bytes[end] = 0x0a;
    this.#length = end + 1;
  }

  /** What was collected; valid until the next call. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
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

function readLine(bytes: Buffer, start: number, end: number, visitor: LineVisitor): void {
  const record = parseRecord(bytes.subarray(start, end));
  if (record !== undefined) {
    visitor.record(record, start, end + 1 - start);
    return;
  }
  // A newline that was overwritten joins two records, and a torn one is followed by the next without a newline: look
  // for the start of another record in this line before it is given up.
  const next = nextRecordStart(bytes, start, end);
  if (next === undefined) {
    visitor.damaged(bytes.subarray(start, end));
    return;
  }
  const before = bytes.subarray(start, next);
  const cut = parseRecord(before) ?? parseRecord(before.subarray(0, -1));
  if (cut === undefined) visitor.damaged(before);
  else visitor.record(cut, start, next - start);
  readLine(bytes, next, end, visitor);
}

function nextRecordStart(bytes: Buffer, start: number, end: number): number | undefined {
  const key = bytes.indexOf(FIRST_KEY, start + OVERHEAD + CHECKSUM);
  if (key === -1 || key >= end) return undefined;
  const begin = key - CHECKSUM - 2;
  return begin > start ? begin : undefined;
}

function parseRecord(line: Buffer): JournalRecord | undefined {
  if (line.length < OVERHEAD || line[CHECKSUM] !== 0x20) return undefined;
  const kind = kindOf(line[CHECKSUM + 1]);
  if (kind === undefined) return undefined;
  const checked = line.subarray(CHECKSUM + 1);
  if (Number.parseInt(line.toString("latin1", 0, CHECKSUM), 16) !== crc32(checked)) return undefined;
  return { kind, payload: checked.subarray(1) };
}

function kindOf(byte: number | undefined): RecordKind | undefined {
  if (byte === 0x49) return "I";
  if (byte === 0x50) return "P";
  if (byte === 0x4f) return "O";
  return undefined;
}
