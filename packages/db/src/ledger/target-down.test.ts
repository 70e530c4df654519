import { expect, test } from "vitest";
import { openLedger } from "./open-ledger.ts";
import { CLIENT, record } from "./testing/sample.ts";
import { stubSupabase } from "./testing/stub-supabase.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";

const KIB = 1024;

// `pnpm torture` measures a process's memory over minutes
test("with the database away memory holds a few batches, however much the journal holds, and it drains while serving", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  stub.fault = () => ({ status: 503, body: "" });
  await using opened = openLedger({
    journalDir: home.path,
    url: stub.url,
    secretKey: "sb_secret_test",
    segmentBytes: 1024 * KIB,
    batchBytes: 64 * KIB,
    maxBatchBytes: 64 * KIB,
    uploads: 4,
    lingerMs: 1,
    backoffMs: 5,
    backoffLimitMs: 20,
  });
  opened.clientRegistered(CLIENT);
  const body = { response_data: JSON.stringify(["x".repeat(1500)]) };
  const ids: string[] = [];
  let most = 0;
  const serve = async (turns: number): Promise<void> => {
    for (let turn = 0; turn < turns; turn++) {
      ids.push(...(await Promise.all(Array.from({ length: 50 }, () => record(opened.ledger, {}, body)))));
      most = Math.max(most, opened.health().bufferedBytes);
    }
  };
  await serve(160);
  const { journaledBytes, pending } = opened.health();
  // what is settled in a turn is written at its end
  expect(pending).toBeGreaterThanOrEqual(8000 - 50);
  expect(journaledBytes).toBeGreaterThan(15_000 * KIB);
  // a turn of 50 operations, and the uploads
  expect(most).toBeLessThan(50 * 3 * KIB + 4 * 64 * KIB);

  stub.fault = () => undefined;
  await serve(40);
  expect(stub.stored.size).toBeGreaterThan(0);
  expect(await opened.flush(20_000)).toEqual({ flushed: true, pending: 0 });
  expect(stub.stored.size).toBe(ids.length);
  expect(most).toBeLessThan(50 * 3 * KIB + 4 * 64 * KIB);
  await expect.poll(() => opened.health().journaledBytes).toBeLessThan(2048 * KIB);
});
