import { setTimeout as sleep } from "node:timers/promises";
import type { FlushSource } from "../flush/flusher.ts";
import type { OpenOperation, OperationIntent } from "../ledger-types.ts";
import { reasonOf } from "../ledger-errors.ts";
import { Journal, type JournalOptions } from "./journal.ts";
import { createProcessDirectory, type ProcessDirectory, removeDirectory } from "./process-directory.ts";
import { RowProgress } from "./row-progress.ts";
import { beat, noteRegistered, type Project, writeLock } from "./process-lock.ts";
import { type ReadableSegment, type RowBatch, RowReader } from "./row-reader.ts";

export interface OwnJournalOptions extends Omit<JournalOptions, "directory" | "maxBytes"> {
  readonly journalDir: string;
  readonly maxJournalBytes: number;
  /** How long a segment is kept after all of it was acknowledged, see `LedgerOptions`. */
  readonly keepFlushedMs: number;
  readonly closeMs: number;
  readonly project: Project;
}

/** A quiet process starts new files, so that what is flushed can go, when the old ones hold this part of a segment. */
const IDLE_PART = 16;

/** This process's journal: its directory and lock, what is written, and what of it is flushed. */
export class OwnJournal {
  readonly #options: OwnJournalOptions;
  readonly #journal: Journal;
  readonly #registered = new Set<string>();
  #home: ProcessDirectory;
  #reader: RowReader;
  /** Segments whose rows are all in the database, oldest first. */
  #kept: { readonly segment: ReadableSegment; readonly since: number }[] = [];
  #finished = false;
  readonly #progress = new RowProgress();
  damaged = 0;

  constructor(options: OwnJournalOptions) {
    this.#options = options;
    this.#home = createProcessDirectory(options.journalDir, options.project);
    this.#journal = new Journal({ ...options, directory: this.#home.path, maxBytes: options.maxJournalBytes });
    this.#reader = this.#newReader();
  }

  get home(): ProcessDirectory {
    return this.#home;
  }
  get clients(): ReadonlySet<string> {
    return this.#journal.clients;
  }
  get rowsWritten(): number {
    return this.#journal.rowsWritten;
  }
  get rowsFlushed(): number {
    return this.#progress.flushed;
  }
  /** Every row before this one is flushed. */
  get flushedTo(): number {
    return this.#progress.flushedTo;
  }
  get open(): number {
    return this.#journal.open;
  }
  get bytes(): number {
    return this.#journal.bytes;
  }
  get bufferedBytes(): number {
    return this.#journal.bufferedBytes;
  }
  get failure(): string | undefined {
    return this.#journal.failure;
  }
  get refused(): number {
    return this.#journal.refused;
  }
  get unsynced(): string | undefined {
    return this.#journal.unsynced;
  }
  get shed(): number {
    return this.#journal.shed;
  }

  readonly source: FlushSource = { next: (maxBytes) => this.#next(maxBytes) };

  begin(intent: OperationIntent): OpenOperation {
    return this.#journal.begin(intent);
  }
  writeTurn(): void {
    this.#journal.writeTurn();
  }
  tick(): void {
    this.#journal.tick();
    this.#giveUpKept();
  }

  noteRegistered(clientId: string): void {
    this.#registered.add(clientId);
    // the directory is gone, or its next owner's
    if (this.#finished) return;
    try {
      noteRegistered(this.#home.path, clientId);
    } catch (error) {
      // Only who adopts this journal would read it, and would then name another client.
      this.#options.log("warn", "A registered client could not be noted in the journal", { reason: reasonOf(error) });
    }
  }

  /** A sign of life; where the directory is gone, another one. */
  beat(): void {
    try {
      beat(this.#home.path);
    } catch (error) {
      this.#options.log("error", "The journal's directory was taken or removed; going on in a new one", {
        directory: this.#home.path,
        reason: reasonOf(error),
        rows_left_there: this.rowsWritten - this.rowsFlushed,
      });
      this.#move();
    }
  }

  /** Takes no further operation; outcomes are still taken. */
  close(): void {
    this.#journal.close();
  }

  /** Ends the journal: nothing is left when all is flushed and settled, else it is there to be adopted. */
  async finish(): Promise<void> {
    this.#journal.seal();
    // a disk that hangs must not keep the process from ending
    await Promise.race([this.#journal.synced(), sleep(this.#options.closeMs, undefined, { ref: false })]);
    await this.#reader.close();
    this.#finished = true;
    const isEmpty = this.open === 0 && this.rowsFlushed >= this.rowsWritten;
    try {
      if (isEmpty) removeDirectory(this.#home.path);
      else writeLock(this.#home.path, this.#options.project, true);
    } catch (error) {
      this.#options.log("warn", "The journal's directory could not be given up", { reason: reasonOf(error) });
    }
  }

  async #next(maxBytes: number): Promise<RowBatch | undefined> {
    const batch = await this.#reader.next(maxBytes);
    if (batch === undefined) {
      if (this.#reader.isIdle) this.#startAfresh();
      return undefined;
    }
    const flushed = this.#progress.take(batch.rows.length);
    return {
      rows: batch.rows,
      bytes: batch.bytes,
      acknowledge: () => {
        batch.acknowledge();
        flushed();
      },
    };
  }

  /** Flushed segments go when their time is over; before that, when the room is needed. */
  #giveUpKept(): void {
    const { keepFlushedMs } = this.#options;
    const isNeeded = this.failure !== undefined;
    for (;;) {
      const [oldest] = this.#kept;
      if (oldest === undefined || (!isNeeded && performance.now() - oldest.since < keepFlushedMs)) return;
      this.#kept.shift();
      this.#journal.release(oldest.segment);
    }
  }

  #startAfresh(): void {
    const current = this.#journal.segments.at(-1);
    const bytes = current === undefined ? 0 : current.rows.bytes + current.intents.bytes;
    if (bytes * IDLE_PART >= this.#options.segmentBytes) this.#journal.rotate();
  }

  #move(): void {
    try {
      const home = createProcessDirectory(this.#options.journalDir, this.#options.project);
      try {
        this.#journal.moveTo(home.path);
      } catch (error) {
        removeDirectory(home.path);
        throw error;
      }
      this.#kept = [];
      // only now: the next beat finds the old one gone, and tries again
      this.#home = home;
    } catch (error) {
      this.#options.log("error", "No new journal directory could be made; tried again", { reason: reasonOf(error) });
      return;
    }
    for (const client of this.#registered) this.noteRegistered(client);
    this.#progress.restart(this.rowsWritten);
    void this.#reader.close();
    this.#reader = this.#newReader();
  }

  #newReader(): RowReader {
    const reader = new RowReader({
      segments: () => this.#journal.segments,
      recent: this.#journal.recent,
      drained: (segment) => {
        // its numbers are those of a directory that was left
        if (reader !== this.#reader) return;
        this.#kept.push({ segment, since: performance.now() });
        this.#giveUpKept();
      },
      damaged: (line) => {
        this.damaged += 1;
        this.#progress.skip();
        this.#options.log("error", "A record in the journal is damaged on disk and was skipped", {
          bytes: line.length,
        });
      },
    });
    return reader;
  }
}
