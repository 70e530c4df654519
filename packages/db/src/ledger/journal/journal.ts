import { LedgerError, failedWith, reasonOf } from "../ledger-errors.ts";
import type { OpenOperation, OperationIntent, OperationOutcome } from "../ledger-types.ts";
import type { Log } from "../../log.ts";
import type { WhenFull } from "../ledger-options.ts";
import { intentParts, outcomeParts, pendingRow } from "../row.ts";
import type { SyncFile, SyncPolicy } from "./disk-sync.ts";
import { Durability } from "./durability.ts";
import { JournaledOperation, refusedOperation, unrecordedOperation } from "./operation.ts";
import { FullPolicy } from "./when-full.ts";
import { RecordBuffer } from "./record.ts";
import { TurnEnd } from "./turn-end.ts";
import { RecentRows } from "./recent-rows.ts";
import type { ReadableSegment } from "./row-reader.ts";
import { type Segment, SegmentLog, type WriteFile } from "./segments.ts";

export interface JournalOptions {
  readonly directory: string;
  readonly write: WriteFile;
  readonly fsync: SyncPolicy;
  /** Between two syncs of the policy `interval`. */
  readonly syncEveryMs: number;
  readonly syncFile: SyncFile;
  readonly segmentBytes: number;
  /** Bytes in all journals that this process answers for. */
  readonly maxBytes: number;
  /** What the adopted journals take of `maxBytes`. */
  readonly otherBytes: () => number;
  readonly whenFull: WhenFull;
  readonly pendingAfterMs: number;
  readonly log: Log;
  /** Rows were written. */
  readonly onRows: () => void;
}

/** A turn's records are written at once when they grow past this, so that a busy turn stays bounded. */
const TURN_BYTES = 1024 * 1024;
/** Operations under way, with one that has just ended, up to which nothing is gained by waiting for more. */
const QUIET = 2;
const PROBE = Buffer.alloc(64 * 1024, "\n");

/**
 * The write-ahead journal of one process: everything of an event-loop turn goes into one write of intents and one of
 * rows. Written means handed to the system, so it survives the death of the process; with the policy `always` it means
 * on the disk.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #durability: Durability;
  #files: SegmentLog;
  readonly #intents = new RecordBuffer();
  readonly #rows = new RecordBuffer();
  #begun: JournaledOperation[] = [];
  #settled: JournaledOperation[] = [];
  /** Operations whose outcome is not in the journal, oldest first; `#announced` were written as pending rows. */
  readonly #fresh = new Set<JournaledOperation>();
  readonly #announced = new Set<JournaledOperation>();
  #turn: PromiseWithResolvers<void> | undefined;
  readonly #turnEnd = new TurnEnd(() => this.writeTurn());
  /** Segments whose open intents could not be carried on yet. */
  #kept: Segment[] = [];
  readonly #full: FullPolicy;
  #failure: string | undefined;
  #isCapped = false;
  #isStuck = false;
  #isClosed = false;
  #isSealed = false;

  readonly clients = new Set<string>();
  /** Of the current directory. */
  readonly recent = new RecentRows();
  rowsWritten = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#full = new FullPolicy(options.whenFull, options.log);
    this.#durability = new Durability({ ...options, onFailure: () => this.#syncFailed() });
    this.#files = this.#openFiles(options.directory);
  }

  get segments(): readonly Segment[] {
    return this.#files.segments;
  }

  get bytes(): number {
    return this.#files.bytes;
  }

  /** Records that wait for their write. */
  get bufferedBytes(): number {
    return this.#intents.length + this.#rows.length;
  }

  /** Operations without a journaled outcome. */
  get open(): number {
    return this.#fresh.size + this.#announced.size;
  }

  get refused(): number {
    return this.#full.refused;
  }

  /** Operations that went on without a record. */
  get shed(): number {
    return this.#full.shed;
  }

  /** Why no operation can be recorded at the moment. */
  get failure(): string | undefined {
    if (this.#failure !== undefined) return this.#failure;
    if (this.#isCapped) return "maxJournalBytes is reached";
    return this.#durability.refusal;
  }

  /** Why what was written last may not be on the disk, although the policy asks for it. */
  get unsynced(): string | undefined {
    return this.#durability.failure;
  }

  begin(intent: OperationIntent): OpenOperation {
    if (this.#isClosed) {
      this.#full.refused += 1;
      return refusedOperation(
        new LedgerError("SHUTTING_DOWN", "The ledger is closed.", "Open a new one before the next operation."),
      );
    }
    const full = this.#capped();
    if (full !== undefined) {
      const refusal = this.#full.turnAway(1, full);
      return refusal === undefined ? unrecordedOperation : refusedOperation(refusal);
    }
    this.clients.add(intent.client_id);
    const turn = this.#schedule();
    const operation = new JournaledOperation(intent, turn.promise, this.#durability.isAwaited, this.#settle);
    this.#intents.append("I", ...intentParts(operation.head, operation.query));
    this.#begun.push(operation);
    this.#fresh.add(operation);
    if (this.#intents.length >= TURN_BYTES) this.writeTurn();
    return operation;
  }

  readonly #settle = (operation: JournaledOperation, outcome: OperationOutcome): void => {
    // Too late: its intent stays, and recovery settles it.
    if (this.#isSealed) return;
    this.#rows.append("O", ...outcomeParts(operation.head, operation.query, outcome));
    this.#settled.push(operation);
    if (this.#isClosed || this.#rows.length >= TURN_BYTES) this.writeTurn();
    else this.#schedule();
  };

  /** Writes what the turn has collected. Never throws: what cannot be written is refused or kept for the next turn. */
  writeTurn(): void {
    this.#turnEnd.clear();
    const turn = this.#turn;
    this.#turn = undefined;
    const begun = this.#begun;
    this.#begun = [];
    try {
      this.#writeRows();
      this.#writeIntents(begun);
      this.#recovered();
      this.#confirm(turn, begun.length);
    } catch (error) {
      this.#intents.clear();
      this.#refuse(begun, error, turn);
    }
    if (!this.#isStuck) this.#rotateWhenLarge();
  }

  /** Makes what is open for long visible, and tries again what failed. Call it a few times a second. */
  tick(): void {
    const before = performance.now() - this.#options.pendingAfterMs;
    for (const operation of this.#fresh) {
      if (operation.begunAt > before) break;
      this.#fresh.delete(operation);
      this.#announced.add(operation);
      if (operation.isOver) continue;
      this.#rows.append("P", pendingRow(operation.head, operation.query));
    }
    if (this.#rows.length > 0) this.writeTurn();
    else if (this.#failure !== undefined) this.#probe();
    if (this.#isStuck) this.#rotateWhenLarge();
    // nobody may be sending operations as long as health says that they are refused
    if (this.#durability.refusal !== undefined) this.#probe();
    this.#durability.tick();
    if (this.#isCapped && this.#files.bytes + this.#options.otherBytes() < this.#options.maxBytes) {
      this.#isCapped = false;
      this.#options.log("info", "The journal has room again", { refused: this.refused, shed: this.shed });
    }
    for (const segment of this.#kept.splice(0)) this.release(segment);
  }

  /** Goes on in new files; when they cannot be made, in the old ones until the next tick. */
  rotate(): void {
    try {
      this.#files.rotate();
      this.#isStuck = false;
    } catch (error) {
      if (!this.#isStuck) {
        this.#options.log(
          "error",
          "No new journal file can be made; going on in the old one, which cannot be given up",
          {
            directory: this.#files.directory,
            reason: reasonOf(error),
          },
        );
      }
      this.#isStuck = true;
    }
  }

  #rotateWhenLarge(): void {
    const { intents, rows } = this.#files.current;
    if (intents.bytes + rows.bytes >= this.#options.segmentBytes) this.rotate();
  }

  /** Removes a segment whose rows are all in the database; intents that are still open move to the current one. */
  release(segment: ReadableSegment): void {
    const own = this.#files.segments.find(({ number }) => number === segment.number);
    if (own === undefined) return;
    const files = this.#files;
    let isCarried: boolean;
    try {
      isCarried = this.#carryOn((operation) => operation.segment <= own.number);
    } catch (error) {
      // Its rows may go all the same: a settled intent without its row is settled twice, which changes nothing.
      this.#failed(error);
      this.#files.removeRows(own);
      this.#kept.push(own);
      return;
    }
    const { disk } = this.#durability;
    if (disk === undefined || !isCarried) files.remove(own);
    else {
      // a power cut must find the intents in one of the two places
      disk.flush().then(
        () => files.remove(own),
        () => this.#kept.push(own),
      );
    }
  }

  /** The directory was lost to another process or removed: goes on in a new one, with everything that is open. */
  moveTo(directory: string): void {
    const files = this.#openFiles(directory);
    this.#files.close();
    this.#files = files;
    this.recent.clear();
    this.#kept = [];
    this.#carryAllOn();
  }

  /** Resolves when what was written is on the disk, as far as the policy asks for that. Never rejects. */
  synced(): Promise<void> {
    return this.#durability.settled();
  }

  /** Takes no further operation. Outcomes are still taken until {@link seal}. */
  close(): void {
    this.#isClosed = true;
    this.writeTurn();
  }

  /** Closes the files: nothing is written after. */
  seal(): void {
    this.writeTurn();
    this.#isSealed = true;
    this.#files.close();
  }

  #openFiles(directory: string): SegmentLog {
    const { write, syncFile } = this.#options;
    return new SegmentLog(directory, { write, sync: syncFile, syncing: this.#durability.disk });
  }

  #carryAllOn(): void {
    try {
      this.#carryOn(() => true);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Writes intents that are still open once more, into the current segment; says whether there were any. */
  #carryOn(which: (operation: JournaledOperation) => boolean): boolean {
    const carried = [...this.#announced, ...this.#fresh].filter((one) => one.segment > 0 && which(one));
    if (carried.length === 0) return false;
    const buffer = new RecordBuffer();
    for (const operation of carried) buffer.append("I", ...intentParts(operation.head, operation.query));
    this.#files.appendIntents(buffer.view());
    for (const operation of carried) operation.segment = this.#files.current.number;
    return true;
  }

  #schedule(): PromiseWithResolvers<void> {
    if (this.#turn === undefined) {
      this.#turn = Promise.withResolvers();
      this.#turn.promise.catch(() => {});
    }
    this.#turnEnd.schedule(this.#fresh.size <= QUIET);
    return this.#turn;
  }

  #writeRows(): void {
    if (this.#rows.length === 0) return;
    const rows = this.#rows.view();
    this.#files.appendRows(rows);
    const { number, rows: file } = this.#files.current;
    this.recent.add(number, file.bytes - rows.length, rows, this.#rows.payloads);
    this.rowsWritten += this.#rows.records;
    this.#rows.clear();
    for (const operation of this.#settled) if (!this.#fresh.delete(operation)) this.#announced.delete(operation);
    this.#settled = [];
    this.#options.onRows();
  }

  #writeIntents(begun: readonly JournaledOperation[]): void {
    if (begun.length === 0) return;
    this.#files.appendIntents(this.#intents.view());
    this.#intents.clear();
    for (const operation of begun) operation.segment = this.#files.current.number;
  }

  /** With `always` the turn's requests wait for the disk too. */
  #confirm(turn: PromiseWithResolvers<void> | undefined, begun: number): void {
    const synced = this.#durability.afterTurn();
    if (synced === undefined) {
      turn?.resolve();
      return;
    }
    synced.then(
      () => turn?.resolve(),
      (error: unknown) => {
        // they have a record all the same: their intents are written, and the caller settles them
        if (this.#options.whenFull === "shed") turn?.resolve();
        else turn?.reject(this.#full.refuse(begun, `The journal cannot be synced (${reasonOf(error)}).`, error));
      },
    );
  }

  #syncFailed(): void {
    if (this.#isSealed) return;
    // what follows goes into files of its own, and what is open with it
    this.rotate();
    this.#carryAllOn();
  }

  /** What was begun in a turn that could not be written has no record: it is refused, or goes on as it is. */
  #refuse(begun: readonly JournaledOperation[], error: unknown, turn: PromiseWithResolvers<void> | undefined): void {
    this.#failed(error);
    for (const operation of begun) {
      operation.refuse();
      this.#fresh.delete(operation);
    }
    const message = `The journal cannot be written (${reasonOf(error)}).`;
    const refusal = this.#full.turnAway(begun.length, message, error);
    if (refusal === undefined) turn?.resolve();
    else turn?.reject(refusal);
  }

  /** The sentence that says so, when the journals hold what they may. */
  #capped(): string | undefined {
    const bytes = this.#files.bytes + this.#options.otherBytes();
    if (bytes < this.#options.maxBytes) return undefined;
    const message = `The journal is full: it holds ${bytes} of the ${this.#options.maxBytes} bytes it may.`;
    if (!this.#isCapped) this.#options.log("error", `${message} ${this.#full.consequence} until it drains.`);
    this.#isCapped = true;
    return message;
  }

  /** Nobody may be sending operations as long as health says that they are refused. */
  #probe(): void {
    try {
      this.#files.probe(PROBE);
      this.#recovered();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (this.#failure === undefined) {
      this.#options.log("error", `The journal cannot be written. ${this.#full.consequence} until it can`, {
        directory: this.#files.directory,
        reason: reasonOf(error),
        disk_full: failedWith(error, "ENOSPC", "EDQUOT"),
      });
    }
    this.#failure = reasonOf(error);
  }

  #recovered(): void {
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.#options.log("info", "The journal is written again", { refused: this.refused, shed: this.shed });
  }
}
