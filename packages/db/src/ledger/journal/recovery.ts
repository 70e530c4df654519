import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { formatMicros, parseMicros } from "../clock.ts";
import { clientTextOf, operationIdOf, outcomeRow, splitIntent } from "../row.ts";
import { lastBeat } from "./process-lock.ts";
import { fdatasyncFile, type SyncFile } from "./disk-sync.ts";
import { type JournalRecord, readRecords, RecordBuffer } from "./record.ts";
import type { ReadableSegment } from "./row-reader.ts";
import { AppendFile, INTENTS, ROWS, segmentFile, segmentNumber, type WriteFile } from "./segments.ts";

/** What is said of an operation whose outcome died with its process. */
export const OUTCOME_UNKNOWN =
  "OUTCOME_UNKNOWN: the process ended before it recorded what came of this operation. " +
  "The request may have been carried out: look at the data before it is repeated.";

export interface Recovered {
  readonly segments: ReadableSegment[];
  /** Every client that its operations name. */
  readonly clients: Set<string>;
  /** Rows that wait for the flush. */
  readonly rows: number;
  /** Operations that were settled as {@link OUTCOME_UNKNOWN}. */
  readonly unknown: number;
  /** Damaged stretches, kept in `damagedFile`. */
  readonly damaged: number;
}

export interface RecoveryOptions {
  readonly directory: string;
  readonly write: WriteFile;
  /** Brings what is settled to the disk before the intents go; undefined where nothing is synced. */
  readonly sync: SyncFile | undefined;
  /** Where bytes go that no record can be made of; made only when there are some. */
  readonly damagedFile: string;
}

const CHUNK = 1024 * 1024;
const WRITE_AT = 1024 * 1024;
/** More than this of a dead process's garbage is counted, but not kept. */
const DAMAGED_LIMIT = 16 * 1024 * 1024;
const MAX_INT = 2_147_483_647;

interface IntentPlace {
  readonly path: string;
  readonly start: number;
  readonly length: number;
}

/**
 * Reads a dead process's journal: rows are left for the flush, intents without a row become rows that say so.
 * May be repeated after it was interrupted. Memory holds the intents of about one segment, whatever the journal's size.
 */
export async function recoverJournal({ directory, write, sync, damagedFile }: RecoveryOptions): Promise<Recovered> {
  const diedAt = Math.floor(lastSign(directory) * 1000);
  const numbers = segmentNumbers(directory);
  const damaged = new DamagedFile(damagedFile);
  const openIntents = new Map<string, IntentPlace>();
  const clients = new Set<string>();
  let rows = 0;

  for (const number of numbers) {
    const intents = segmentFile(directory, number, INTENTS);
    await scan(intents, damaged, ({ payload }, start, length) => {
      openIntents.set(operationIdOf(payload), { path: intents, start, length });
      clients.add(clientTextOf(payload));
    });
    await scan(segmentFile(directory, number, ROWS), damaged, ({ kind, payload }) => {
      if (kind === "O") openIntents.delete(operationIdOf(payload));
      clients.add(clientTextOf(payload));
      rows += 1;
    });
  }
  damaged.write();

  const segments = numbers.map((number) => sealedSegment(directory, number)).filter(({ rows: { bytes } }) => bytes > 0);
  const unknown = openIntents.size;
  if (unknown > 0) {
    const number = (numbers.at(-1) ?? 0) + 1;
    await settleUnknown([...openIntents.values()], segmentFile(directory, number, ROWS), { write, sync }, diedAt);
    segments.push(sealedSegment(directory, number));
  }
  for (const number of numbers) rmSync(segmentFile(directory, number, INTENTS), { force: true });
  return { segments, clients: parseNames(clients), rows: rows + unknown, unknown, damaged: damaged.count };
}

/** The time at which the process was alive for certain, in milliseconds since 1970. */
function lastSign(directory: string): number {
  const times = readdirSync(directory).map((name) => statSync(join(directory, name)).mtimeMs);
  return Math.max(lastBeat(directory), ...times);
}

function segmentNumbers(directory: string): number[] {
  const numbers = new Set<number>();
  for (const name of readdirSync(directory)) {
    const number = segmentNumber(name, INTENTS) ?? segmentNumber(name, ROWS);
    if (number !== undefined) numbers.add(number);
  }
  return [...numbers].sort((a, b) => a - b);
}

function sealedSegment(directory: string, number: number): ReadableSegment {
  const path = segmentFile(directory, number, ROWS);
  return { number, sealed: true, rows: { path, bytes: statSync(path, { throwIfNoEntry: false })?.size ?? 0 } };
}

/** Visits a file's records with their place in it; a file that is not there has none. */
async function scan(
  path: string,
  damaged: DamagedFile,
  visit: (record: JournalRecord, start: number, length: number) => void,
): Promise<void> {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return;
  await using file = await open(path, "r");
  let offset = 0;
  let chunk = CHUNK;
  while (offset < size) {
    const bytes = Buffer.allocUnsafe(Math.min(chunk, size - offset));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
    if (bytesRead === 0) return;
    const base = offset;
    const consumed = readRecords(
      bytes.subarray(0, bytesRead),
      {
        record: (record, start, length) => visit(record, base + start, length),
        damaged: (line) => damaged.add(line),
      },
      offset + bytesRead >= size,
    );
    offset += consumed;
    chunk = consumed === 0 ? chunk * 2 : CHUNK;
  }
}

async function settleUnknown(
  places: readonly IntentPlace[],
  path: string,
  { write, sync }: Pick<RecoveryOptions, "write" | "sync">,
  diedAt: number,
): Promise<void> {
  const target = new AppendFile({ path, bytes: 0 }, { write, sync: sync ?? fdatasyncFile, syncing: undefined });
  const buffer = new RecordBuffer();
  const flush = (): void => {
    target.append(buffer.view());
    buffer.clear();
  };
  try {
    for (const place of places) {
      for (const row of await unknownRows(place, diedAt)) buffer.append("O", row);
      if (buffer.length >= WRITE_AT) flush();
    }
    flush();
    if (sync !== undefined) await target.sync();
  } finally {
    target.close();
  }
}

async function unknownRows({ path, start, length }: IntentPlace, diedAt: number): Promise<string[]> {
  const rows: string[] = [];
  await using file = await open(path, "r");
  const bytes = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(bytes, 0, length, start);
  const visitor = {
    record: ({ payload }: JournalRecord) => {
      const row = unknownRow(payload.toString("utf8"), diedAt);
      if (row !== undefined) rows.push(row);
    },
    damaged: () => {},
  };
  readRecords(bytes.subarray(0, bytesRead), visitor, true);
  return rows;
}

function unknownRow(intent: string, diedAt: number): string | undefined {
  const parts = splitIntent(intent);
  if (parts === undefined) return undefined;
  const created = parseMicros(/"created_at":"([^"]*)"/.exec(parts.head)?.[1] ?? "");
  // The best that is known of its end: it was not over when the process gave its last sign of life.
  const completed = Number.isNaN(created) ? diedAt : Math.max(created + 1, diedAt);
  const taken = Number.isNaN(created) ? 1 : Math.ceil((completed - created) / 1000);
  return outcomeRow(parts.head, parts.query, {
    status: "error",
    completed_at: formatMicros(completed),
    execution_time_ms: Math.min(MAX_INT, Math.max(1, taken)),
    attempts: 1,
    error_message: OUTCOME_UNKNOWN,
    response_data: null,
  });
}

function parseNames(texts: ReadonlySet<string>): Set<string> {
  return new Set([...texts].map((text) => z.string().parse(JSON.parse(text))));
}

class DamagedFile {
  readonly #path: string;
  readonly #lines: Buffer[] = [];
  #bytes = 0;
  count = 0;

  constructor(path: string) {
    this.#path = path;
  }

  add(line: Buffer): void {
    this.count += 1;
    if (this.#bytes + line.length > DAMAGED_LIMIT) return;
    this.#bytes += line.length;
    this.#lines.push(Buffer.from(line), Buffer.from("\n"));
  }

  /** What an earlier recovery kept stays: it may have stood in files that are gone since. */
  write(): void {
    if (this.#lines.length === 0) return;
    const found = Buffer.concat(this.#lines);
    const isKept = existsSync(this.#path) && readFileSync(this.#path).includes(found);
    if (!isKept) appendFileSync(this.#path, found, { mode: 0o600 });
  }
}
