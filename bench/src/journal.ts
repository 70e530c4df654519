import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bench, run, summary } from "mitata";
import { createUuidV7 } from "../../packages/db/src/ledger/uuidv7.ts";
import { Journal } from "../../packages/db/src/ledger/journal/journal.ts";
import { RecordBuffer } from "../../packages/db/src/ledger/journal/record.ts";
import { headOf, outcomeRow } from "../../packages/db/src/ledger/row.ts";
import { journalOptions } from "../../packages/db/src/ledger/testing/journal-options.ts";
import { sampleIntent, sampleOutcome } from "../../packages/db/src/ledger/testing/sample.ts";

/** What an operation costs in the journal: 64 in a turn against one at a time; and its parts. */
const directory = mkdtempSync(join(tmpdir(), "waybill-bench-"));
const response_data = JSON.stringify(
  Array.from({ length: 10 }, (_, id) => ({
    id,
    iata: "LAX",
    name: "Los Angeles International",
    note: "x".repeat(100),
  })),
);
const outcome = sampleOutcome({ response_data });
const intent = sampleIntent();

const journal = new Journal({
  ...journalOptions(directory),
  segmentBytes: 1 << 24,
  maxBytes: Number.MAX_SAFE_INTEGER,
  onRows() {
    // As if they were flushed at once, so that the disk does not fill.
    for (const segment of journal.segments.filter(({ sealed }) => sealed)) journal.release(segment);
  },
});

function runTurn(operations: number): void {
  const begun = Array.from({ length: operations }, () => journal.begin(intent));
  journal.writeTurn();
  for (const operation of begun) operation.settle(outcome);
  journal.writeTurn();
}

summary(() => {
  bench("64 operations, one write a turn", () => runTurn(64));
  bench("64 operations, one write each", () => {
    for (let index = 0; index < 64; index++) runTurn(1);
  });
});

const buffer = new RecordBuffer();
const head = headOf(intent);
summary(() => {
  bench("a row by concatenation", () => {
    buffer.append("O", outcomeRow(head, "null", outcome));
    buffer.clear();
  });
  bench("a row by parse and stringify", () => {
    const row = { ...intent, ...outcome, response_data: JSON.parse(response_data) };
    buffer.append("O", JSON.stringify(row));
    buffer.clear();
  });
});

bench("a UUIDv7", createUuidV7());

try {
  await run();
} finally {
  journal.seal();
  rmSync(directory, { recursive: true });
}
