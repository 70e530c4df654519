import type { OpenOperation, OperationIntent, OperationOutcome } from "../ledger-types.ts";
import { admitBody, headOf } from "../row.ts";

/** An operation between its intent and its outcome, as the journal keeps it. */
export class JournaledOperation implements OpenOperation {
  readonly written: Promise<void>;
  readonly waitsForDisk: boolean;
  readonly head: string;
  readonly query: string;
  readonly begunAt = performance.now();
  /** The segment that holds the intent; 0 while it is not written. */
  segment = 0;
  readonly #settle: (operation: JournaledOperation, outcome: OperationOutcome) => void;
  #isOver = false;

  constructor(
    intent: OperationIntent,
    written: Promise<void>,
    waitsForDisk: boolean,
    settle: (operation: JournaledOperation, outcome: OperationOutcome) => void,
  ) {
    this.head = headOf(intent);
    this.query = admitBody(intent.query_data);
    this.written = written;
    this.waitsForDisk = waitsForDisk;
    this.#settle = settle;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  settle(outcome: OperationOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#settle(this, outcome);
  }

  /** The ledger refused it: whatever comes of it is not recorded. */
  refuse(): void {
    this.#isOver = true;
  }
}

/** What `begin` gives when operations go on without a record. */
export const unrecordedOperation: OpenOperation = { written: Promise.resolve(), waitsForDisk: false, settle() {} };

/** What `begin` gives when the ledger takes no operation. */
export function refusedOperation(reason: Error): OpenOperation {
  const written = Promise.reject(reason);
  // A caller that never looks must not bring the process down.
  written.catch(() => {});
  return { written, waitsForDisk: false, settle() {} };
}
