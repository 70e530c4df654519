import type { Ledger, OperationIntent, OperationOutcome } from "../../ledger/ledger-types.ts";

export interface RecordedOperation {
  readonly intent: OperationIntent;
  outcomes: OperationOutcome[];
}

/** A journal in memory, for tests of what is recorded rather than of how it is kept. */
export interface RecordingLedger extends Ledger {
  readonly operations: RecordedOperation[];
  /** The one operation there is; fails when there is none or more. */
  only(): { intent: OperationIntent; outcome: OperationOutcome };
  /** Makes the next intents wait until this resolves. */
  gate: Promise<void>;
}

export function recordingLedger(): RecordingLedger {
  const operations: RecordedOperation[] = [];
  return {
    operations,
    gate: Promise.resolve(),
    begin(intent) {
      const recorded: RecordedOperation = { intent, outcomes: [] };
      operations.push(recorded);
      return { written: this.gate, waitsForDisk: true, settle: (outcome) => void recorded.outcomes.push(outcome) };
    },
    only() {
      const [first, second] = operations;
      if (first === undefined || second !== undefined) throw new Error(`there are ${operations.length} operations`);
      const [outcome, another] = first.outcomes;
      if (outcome === undefined || another !== undefined)
        throw new Error(`there are ${first.outcomes.length} outcomes`);
      return { intent: first.intent, outcome };
    },
  };
}
