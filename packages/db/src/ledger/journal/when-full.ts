import type { Log } from "../../log.ts";
import { LedgerError } from "../ledger-errors.ts";
import type { WhenFull } from "../ledger-options.ts";

const HINT = "Free space on the disk of the journal directory, or bring the database back so that it drains.";

/** What happens to operations that cannot be recorded, and how many there were. */
export class FullPolicy {
  readonly #whenFull: WhenFull;
  readonly #log: Log;
  refused = 0;
  shed = 0;

  constructor(whenFull: WhenFull, log: Log) {
    this.#whenFull = whenFull;
    this.#log = log;
  }

  /** For a sentence: "… until it drains". */
  get consequence(): string {
    return this.#whenFull === "shed" ? "Operations go on without a record" : "Operations are refused";
  }

  /** Counts operations; the error to refuse them with, or undefined when they go on. */
  turnAway(operations: number, message: string, cause?: unknown): LedgerError | undefined {
    if (this.#whenFull === "shed") {
      this.#countShed(operations);
      return undefined;
    }
    return this.refuse(operations, message, cause);
  }

  refuse(operations: number, message: string, cause?: unknown): LedgerError {
    this.refused += operations;
    return new LedgerError("LEDGER_FULL", `${message} The operation was not sent.`, HINT, cause);
  }

  #countShed(operations: number): void {
    const before = this.shed;
    this.shed += operations;
    // 1, 2, 4, 8 …: as loud at first as it is rare later
    if (Math.clz32(before) === Math.clz32(this.shed)) return;
    this.#log("error", "Operations went on without a record (WAYBILL_LEDGER_FULL=shed)", { shed: this.shed });
  }
}
