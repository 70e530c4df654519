import type { SupabaseClient } from "@supabase/supabase-js";
import { expect, test } from "vitest";
import { createWaybill } from "../waybill.ts";
import type { WaybillOptions } from "../waybill-options.ts";
import type { Waybill } from "../waybill-types.ts";
import { stubSupabase, type StubSupabase } from "./testing/stub-supabase.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";

const MIB = 1024 * 1024;

function openWaybill(
  stub: StubSupabase,
  journalDir: string,
  whenLedgerFull: WaybillOptions["whenLedgerFull"],
): Waybill {
  return createWaybill({
    url: stub.url,
    publishableKey: "sb_publishable_0123456789",
    secretKey: "sb_secret_0123456789",
    journalDir,
    allowHttpLoopback: true,
    maxJournalBytes: MIB,
    whenLedgerFull,
  });
}

/** Sends calls whose records are about 16 KiB each; answers their errors. */
async function send(waybill: Waybill, calls: number): Promise<string[]> {
  const note = "x".repeat(15_000);
  const service: SupabaseClient = waybill.service();
  const errors: string[] = [];
  for (let call = 0; call < calls; call++) {
    const { error } = await service.from("airports").insert({ note });
    if (error !== null) errors.push(error.message);
  }
  return errors;
}

test("with the database away the journal grows to its limit, then calls are refused until it has drained", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  stub.fault = () => ({ status: 503, body: "" });
  await using waybill = openWaybill(stub, home.path, undefined);
  const errors = await send(waybill, 60);
  const { ledger } = waybill.health();
  expect(errors.length).toBeGreaterThan(10);
  expect(errors.every((message) => message.includes("[LEDGER_FULL]"))).toBe(true);
  expect(ledger).toMatchObject({ whenFull: "block", refused: errors.length, shed: 0, full: expect.any(String) });
  expect(ledger.journaledBytes).toBeLessThan(MIB + 100_000);
  expect(waybill.ready()).toBe(false);
  // what was refused did not leave
  expect(stub.seen.filter((id) => id !== "undefined")).toHaveLength(60 - errors.length);

  stub.fault = () => undefined;
  expect(await waybill.flush(20_000)).toEqual({ flushed: true, pending: 0 });
  await expect.poll(() => waybill.health().ledger.full, { timeout: 10_000 }).toBeNull();
  expect(await send(waybill, 1)).toEqual([]);
});

test("with shed they go on without a record, counted, and are recorded again when it has drained", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  stub.fault = () => ({ status: 503, body: "" });
  await using waybill = openWaybill(stub, home.path, "shed");
  expect(await send(waybill, 60)).toEqual([]);
  const { ledger } = waybill.health();
  expect(ledger).toMatchObject({ whenFull: "shed", refused: 0, full: expect.any(String) });
  expect(ledger.shed).toBeGreaterThan(10);
  expect(stub.seen.filter((id) => id !== "undefined")).toHaveLength(60);

  stub.fault = () => undefined;
  expect(await waybill.flush(20_000)).toEqual({ flushed: true, pending: 0 });
  expect(stub.stored.size).toBe(60 - ledger.shed);
  await expect.poll(() => waybill.health().ledger.full, { timeout: 10_000 }).toBeNull();
  await send(waybill, 1);
  expect(await waybill.flush(20_000)).toEqual({ flushed: true, pending: 0 });
  expect(stub.stored.size).toBe(61 - ledger.shed);
});
