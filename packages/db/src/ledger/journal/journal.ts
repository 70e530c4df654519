import { LedgerError, failedWith, reasonOf } from "../ledger-errors.ts";
import type { OpenOperation, OperationIntent, OperationOutcome } from "../ledger-types.ts";
import type { Log } from "../../log.ts";
import type { WhenFull } from "../ledger-options.ts";
import { intentText, outcomeRow, pendingRow } from "../row.ts";
import { JournaledOperation, refusedOperation, unrecordedOperation } from "./operation.ts";
import { RecordBuffer } from "./record.ts";
import type { ReadableSegment } from "./row-reader.ts";
import { type Segment, SegmentLog, type WriteFile } from "./segments.ts";

export interface JournalOptions {
  readonly directory: string;
  readonly write: WriteFile;
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
const PROBE = Buffer.alloc(64 * 1024, "\n");
const HINT = "Free space on the disk of the journal directory, or bring the database back so that it drains.";

/**
 * The write-ahead journal of one process: everything of an event-loop turn goes into one write of intents and one of
 * rows. Written means handed to the system, not synced: it survives the death of the process, not a power cut.
 */
export class Journal {
  readonly #options: JournalOptions;
  #files: SegmentLog;
  readonly #intents = new RecordBuffer();
  readonly #rows = new RecordBuffer();
  #rowsBuffered = 0;
  #begun: JournaledOperation[] = [];
  #settled: JournaledOperation[] = [];
  /** Operations whose outcome is not in the journal, oldest first; `#announced` were written as pending rows. */
  readonly #fresh = new Set<JournaledOperation>();
  readonly #announced = new Set<JournaledOperation>();
  #turn: PromiseWithResolvers<void> | undefined;
  #scheduled: NodeJS.Immediate | undefined;
  /** Segments whose open intents could not be carried on yet. */
  #kept: Segment[] = [];
  #failure: string | undefined;
  #isCapped = false;
  #isStuck = false;
  #isClosed = false;
  #isSealed = false;

  readonly clients = new Set<string>();
  rowsWritten = 0;
  refused = 0;
  shed = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#files = new SegmentLog(options.directory, options.write);
  }

  get segments(): readonly Segment[] {
    return this.#files.segments;
  }

  get bytes(): number {
    return this.#files.bytes;
  }

  /** Operations without a journaled outcome. */
  get open(): number {
    return this.#fresh.size + this.#announced.size;
  }

  /** Why no operation can be recorded at the moment. */
  get failure(): string | undefined {
    return this.#failure ?? (this.#isCapped ? "maxJournalBytes is reached" : undefined);
  }

  begin(intent: OperationIntent): OpenOperation {
    if (this.#isClosed) {
      this.refused += 1;
      return refusedOperation(
        new LedgerError("SHUTTING_DOWN", "The ledger is closed.", "Open a new one before the next operation."),
      );
    }
    const full = this.#capped();
    if (full !== undefined) return this.#without(full);
    this.clients.add(intent.client_id);
    const turn = this.#schedule();
    const operation = new JournaledOperation(intent, turn.promise, this.#settle);
    this.#intents.append("I", intentText(operation.head, operation.query));
    this.#begun.push(operation);
    this.#fresh.add(operation);
    if (this.#intents.length >= TURN_BYTES) this.writeTurn();
    return operation;
  }

  readonly #settle = (operation: JournaledOperation, outcome: OperationOutcome): void => {
    // Too late: its intent stays, and recovery settles it.
    if (this.#isSealed) return;
    this.#rows.append("O", outcomeRow(operation.head, operation.query, outcome));
    this.#rowsBuffered += 1;
    this.#settled.push(operation);
    if (this.#isClosed || this.#rows.length >= TURN_BYTES) this.writeTurn();
    else this.#schedule();
  };

  /** Writes what the turn has collected. Never throws: what cannot be written is refused or kept for the next turn. */
  writeTurn(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    const turn = this.#turn;
    this.#turn = undefined;
    const begun = this.#begun;
    this.#begun = [];
    try {
      this.#writeRows();
      this.#writeIntents(begun);
      this.#recovered();
      turn?.resolve();
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
      this.#rowsBuffered += 1;
    }
    if (this.#rows.length > 0) this.writeTurn();
    else if (this.#failure !== undefined) this.#probe();
    if (this.#isStuck) this.#rotateWhenLarge();
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
    try {
      this.#carryOn((operation) => operation.segment <= own.number);
    } catch (error) {
      // Its rows may go all the same: a settled intent without its row is settled twice, which changes nothing.
      this.#failed(error);
      this.#files.removeRows(own);
      this.#kept.push(own);
      return;
    }
    this.#files.remove(own);
  }

  /** The directory was lost to another process or removed: goes on in a new one, with everything that is open. */
  moveTo(directory: string): void {
    const files = new SegmentLog(directory, this.#options.write);
    this.#files.close();
    this.#files = files;
    this.#kept = [];
    try {
      this.#carryOn(() => true);
    } catch (error) {
      this.#failed(error);
    }
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

  #carryOn(which: (operation: JournaledOperation) => boolean): void {
    const carried = [...this.#announced, ...this.#fresh].filter((one) => one.segment > 0 && which(one));
    if (carried.length === 0) return;
    const buffer = new RecordBuffer();
    for (const operation of carried) buffer.append("I", intentText(operation.head, operation.query));
    this.#files.appendIntents(buffer.view());
    for (const operation of carried) operation.segment = this.#files.current.number;
  }

  #schedule(): PromiseWithResolvers<void> {
    if (this.#turn === undefined) {
      this.#turn = Promise.withResolvers();
      this.#turn.promise.catch(() => {});
    }
    this.#scheduled ??= setImmediate(() => this.writeTurn());
    return this.#turn;
  }

  #writeRows(): void {
    if (this.#rows.length === 0) return;
    this.#files.appendRows(this.#rows.view());
    this.#rows.clear();
    this.rowsWritten += this.#rowsBuffered;
    this.#rowsBuffered = 0;
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

  /** What was begun in a turn that could not be written has no record: it is refused, or goes on as it is. */
  #refuse(begun: readonly JournaledOperation[], error: unknown, turn: PromiseWithResolvers<void> | undefined): void {
    this.#failed(error);
    for (const operation of begun) {
      operation.refuse();
      this.#fresh.delete(operation);
    }
    if (this.#options.whenFull === "shed") {
      this.#shed(begun.length);
      turn?.resolve();
      return;
    }
    this.refused += begun.length;
    turn?.reject(this.#full(`The journal cannot be written (${reasonOf(error)}).`, error));
  }

  /** The sentence that says so, when the journals hold what they may. */
  #capped(): string | undefined {
    const bytes = this.#files.bytes + this.#options.otherBytes();
    if (bytes < this.#options.maxBytes) return undefined;
    const message = `The journal is full: it holds ${bytes} of the ${this.#options.maxBytes} bytes it may.`;
    if (!this.#isCapped) this.#options.log("error", `${message} ${this.#consequence()} until it drains.`);
    this.#isCapped = true;
    return message;
  }

  #without(message: string): OpenOperation {
    if (this.#options.whenFull === "shed") {
      this.#shed(1);
      return unrecordedOperation;
    }
    this.refused += 1;
    return refusedOperation(this.#full(message));
  }

  #shed(operations: number): void {
    const before = this.shed;
    this.shed += operations;
    // 1, 2, 4, 8 …: as loud at first as it is rare later
    if (Math.clz32(before) === Math.clz32(this.shed)) return;
    this.#options.log("error", "Operations went on without a record (WAYBILL_LEDGER_FULL=shed)", { shed: this.shed });
  }

  #consequence(): string {
    return this.#options.whenFull === "shed" ? "Operations go on without a record" : "Operations are refused";
  }

  #full(message: string, cause?: unknown): LedgerError {
    return new LedgerError("LEDGER_FULL", `${message} The operation was not sent.`, HINT, cause);
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
      this.#options.log("error", `The journal cannot be written. ${this.#consequence()} until it can`, {
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
