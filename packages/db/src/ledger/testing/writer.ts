import { request } from "undici";
import { openLedger } from "../open-ledger.ts";
import { CLIENT, record, sampleIntent, sampleOutcome } from "./sample.ts";

/**
 * A process that uses a ledger and is killed by a test: `node writer.ts <mode> <journalDir> <url>`.
 * `loop`: 16 callers send a request for every operation, its identifier as request id. `open`: three operations are
 * written, one stays open, then it says `ready` and stays. `registered`: the same, and they are flushed. `plain`: one
 * operation, then another and `process.exit` at once, without a close, while the flush of the first is under way.
 */
const [mode = "", journalDir = "", url = ""] = process.argv.slice(2);
const opened = openLedger({
  journalDir,
  url,
  secretKey: "sb_secret_test",
  lingerMs: 5,
  segmentBytes: 64 * 1024,
  // minutes at full load must not end at the journal's cap
  maxJournalBytes: 16 * 2 ** 30,
});
if (mode !== "open") opened.clientRegistered(CLIENT);

async function call(): Promise<void> {
  const intent = sampleIntent();
  const operation = opened.ledger.begin(intent);
  await operation.written;
  const answer = await request(`${url}/rest/v1/airports`, { headers: { "x-request-id": intent.operation_id } });
  await answer.body.dump();
  operation.settle(sampleOutcome());
}

async function forever(): Promise<void> {
  for (;;) await call();
}

// A test that is killed takes its writers with it.
if (mode !== "plain") process.stdin.resume().once("close", () => process.exit());

if (mode === "loop") {
  await Promise.all(Array.from({ length: 16 }, forever));
} else if (mode === "plain") {
  await record(opened.ledger);
  await opened.flush(1500);
  await record(opened.ledger);
  process.exit();
} else {
  await record(opened.ledger);
  await record(opened.ledger);
  await opened.ledger.begin(sampleIntent()).written;
  // The rows of this turn are written when it ends.
  setImmediate(() => process.stdout.write("ready\n"));
}
