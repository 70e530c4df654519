import { closeSync, fstatSync, ftruncateSync, openSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DiskSync, Syncable, SyncFile } from "./disk-sync.ts";

/** What a segment's files are written and brought to the disk with. */
export interface SegmentDisk {
  readonly write: WriteFile;
  readonly sync: SyncFile;
  /** Keeps account of what has to be synced; undefined when nothing is. */
  readonly syncing: DiskSync | undefined;
}

/** `fs.writeSync`, replaceable so that a full disk can be tested. */
export type WriteFile = (fd: number, bytes: Buffer, offset: number, length: number) => number;

/** Two append-only files of one number: what was begun, and the rows that came of it. */
export interface Segment {
  readonly number: number;
  readonly intents: SegmentFile;
  readonly rows: SegmentFile;
  /** Nothing is appended any more. */
  sealed: boolean;
}

export interface SegmentFile {
  readonly path: string;
  bytes: number;
  /** Its records are in the database or elsewhere in the journal: it need not reach the disk any more. */
  isRemoved?: true;
}

export const INTENTS = ".intents";
export const ROWS = ".rows";

export function segmentFile(directory: string, number: number, kind: typeof INTENTS | typeof ROWS): string {
  return join(directory, `${String(number).padStart(8, "0")}${kind}`);
}

/** The segment number of a file name, or undefined for another file. */
export function segmentNumber(name: string, kind: typeof INTENTS | typeof ROWS): number | undefined {
  const stem = name.endsWith(kind) ? name.slice(0, -kind.length) : "";
  return /^\d{8,}$/.test(stem) ? Number(stem) : undefined;
}

/** The segments that one process writes, oldest first; the last one is open. */
export class SegmentLog {
  readonly directory: string;
  readonly segments: Segment[] = [];
  readonly #disk: SegmentDisk;
  #current: Segment;
  #intents: AppendFile;
  #rows: AppendFile;
  #bytes = 0;

  constructor(directory: string, disk: SegmentDisk) {
    this.directory = directory;
    this.#disk = disk;
    disk.syncing?.named(dirname(directory));
    const opened = this.#openPair(1);
    this.#current = opened.segment;
    this.#intents = opened.intents;
    this.#rows = opened.rows;
    this.segments.push(opened.segment);
  }

  get current(): Segment {
    return this.#current;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Throws what the system says; then nothing of `bytes` stands in the file. */
  appendIntents(bytes: Buffer): void {
    this.#intents.append(bytes);
    this.#bytes += bytes.length;
  }

  appendRows(bytes: Buffer): void {
    this.#rows.append(bytes);
    this.#bytes += bytes.length;
  }

  /** Throws what the system says when there is no room to go on. */
  probe(bytes: Buffer): void {
    this.#intents.probe(bytes);
  }

  /** Seals the current segment and opens the next. Throws when the files cannot be made; the current one then goes on. */
  rotate(): void {
    const opened = this.#openPair(this.#current.number + 1);
    this.#current.sealed = true;
    this.#intents.close();
    this.#rows.close();
    this.#current = opened.segment;
    this.#intents = opened.intents;
    this.#rows = opened.rows;
    this.segments.push(opened.segment);
  }

  /** The intents go first: without its rows an intent would be settled a second time. */
  remove(segment: Segment): void {
    removeFile(segment.intents);
    this.removeRows(segment);
    this.#bytes -= segment.intents.bytes;
    const at = this.segments.indexOf(segment);
    if (at !== -1) this.segments.splice(at, 1);
  }

  /** Gives the space of the rows back and leaves the intents. */
  removeRows(segment: Segment): void {
    removeFile(segment.rows);
    this.#bytes -= segment.rows.bytes;
    segment.rows.bytes = 0;
  }

  close(): void {
    this.#current.sealed = true;
    this.#intents.close();
    this.#rows.close();
  }

  #openPair(number: number): { segment: Segment; intents: AppendFile; rows: AppendFile } {
    const intentsFile = { path: segmentFile(this.directory, number, INTENTS), bytes: 0 };
    const rowsFile = { path: segmentFile(this.directory, number, ROWS), bytes: 0 };
    const intents = new AppendFile(intentsFile, this.#disk);
    try {
      const rows = new AppendFile(rowsFile, this.#disk);
      this.#disk.syncing?.named(this.directory);
      return { segment: { number, intents: intentsFile, rows: rowsFile, sealed: false }, intents, rows };
    } catch (error) {
      intents.close();
      rmSync(intentsFile.path, { force: true });
      throw error;
    }
  }
}

function removeFile(file: SegmentFile): void {
  rmSync(file.path, { force: true });
  file.isRemoved = true;
}

/** A file that only grows by whole writes. */
export class AppendFile implements Syncable {
  readonly #file: SegmentFile;
  readonly #disk: SegmentDisk;
  readonly #fd: number;
  #torn = false;
  #isUnsynced = false;
  #isSyncing = false;
  #isClosing = false;
  #isClosed = false;

  constructor(file: SegmentFile, disk: SegmentDisk) {
    this.#file = file;
    this.#disk = disk;
    this.#fd = openSync(file.path, "ax", 0o600);
  }

  append(bytes: Buffer): void {
    // A torn record that could not be taken back is at least ended, so that it does not swallow the next one.
    if (this.#torn) this.#whole(Buffer.from("\n"));
    this.#torn = false;
    this.#whole(bytes);
  }

  /** Throws what the system says when the file cannot grow by `bytes`. */
  probe(bytes: Buffer): void {
    this.append(bytes);
    this.#file.bytes -= bytes.length;
    ftruncateSync(this.#fd, this.#file.bytes);
  }

  /** What was written is still brought to the disk when that is asked for: the file closes after. */
  close(): void {
    this.#isClosing = true;
    if (this.#isClosed || this.#isSyncing || this.#isUnsynced) return;
    this.#isClosed = true;
    closeSync(this.#fd);
  }

  async sync(): Promise<void> {
    this.#isSyncing = true;
    this.#isUnsynced = false;
    try {
      if (!this.#file.isRemoved) await this.#disk.sync(this.#fd);
    } finally {
      this.#isSyncing = false;
      if (this.#isClosing) this.close();
    }
  }

  #whole(bytes: Buffer): void {
    let written = 0;
    try {
      while (written < bytes.length) written += this.#disk.write(this.#fd, bytes, written, bytes.length - written);
      this.#file.bytes += bytes.length;
      if (this.#disk.syncing === undefined) return;
      this.#isUnsynced = true;
      this.#disk.syncing.wrote(this);
    } catch (error) {
      this.#takeBack();
      throw error;
    }
  }

  #takeBack(): void {
    try {
      ftruncateSync(this.#fd, this.#file.bytes);
    } catch {
      this.#torn = true;
      this.#file.bytes = fstatSync(this.#fd).size;
    }
  }
}
