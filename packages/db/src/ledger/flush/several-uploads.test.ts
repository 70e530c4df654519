import { mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import type { LedgerOptions } from "../ledger-options.ts";
import { openLedger, type OpenedLedger } from "../open-ledger.ts";
import { CLIENT, record } from "../testing/sample.ts";
import { stubSupabase } from "../testing/stub-supabase.ts";
import { temporaryDirectory } from "../testing/temporary-directory.ts";

const DEADLINE = 20_000;

function open(journalDir: string, url: string, given: Partial<LedgerOptions> = {}): OpenedLedger {
  const ledger = openLedger({
    journalDir,
    url,
    secretKey: "sb_secret_test",
    batchBytes: 2000,
    minBatchBytes: 2000,
    maxBatchBytes: 2000,
    segmentBytes: 8000,
    lingerMs: 5,
    backoffMs: 5,
    backoffLimitMs: 20,
    closeMs: 300,
    ...given,
  });
  onTestFinished(() => ledger.close());
  return ledger;
}

async function backlog(ledger: OpenedLedger, operations: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < operations; index++) ids.push(await record(ledger.ledger));
  return ids;
}

test("a backlog goes up in several uploads at once, and never in more than the limit", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const ledger = open(home.path, stub.url, { uploads: 3 });
  const ids = await backlog(ledger, 100);
  const gate = Promise.withResolvers<void>();
  stub.gate = () => gate.promise;
  ledger.clientRegistered(CLIENT);
  await stub.until(() => stub.underWay === 3);
  expect(ledger.health().bufferedBytes).toBeGreaterThan(3000);
  expect(ledger.health().bufferedBytes).toBeLessThanOrEqual(6000);
  gate.resolve();
  expect(await ledger.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect([...stub.stored.keys()].toSorted()).toEqual(ids);
  expect(stub.mostUnderWay).toBe(3);
  expect(ledger.health().bufferedBytes).toBe(0);
});

test("an upload that hangs keeps its own segment and nothing else", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const ledger = open(home.path, stub.url);
  const [first = "", ...others] = await backlog(ledger, 100);
  const gate = Promise.withResolvers<void>();
  stub.gate = (rows) => (rows.some(({ operation_id: id }) => id === first) ? gate.promise : undefined);
  ledger.clientRegistered(CLIENT);
  // all but those of the batch that hangs
  await stub.until(() => stub.stored.size >= 95);
  expect(stub.stored.has(first)).toBe(false);
  const [process_ = ""] = readdirSync(home.path);
  const rows = (): string[] => readdirSync(join(home.path, process_)).filter((name) => name.endsWith(".rows"));
  await expect.poll(() => rows().length).toBeLessThanOrEqual(2);
  expect(rows()).toContain("00000001.rows");
  // what was asked for is not there as long as one of its rows is not, however many others are
  const late = await backlog(ledger, 20);
  expect(await ledger.flush(200)).toMatchObject({ flushed: false });
  gate.resolve();
  expect(await ledger.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect([...stub.stored.keys()].toSorted()).toEqual([first, ...others, ...late]);
  await expect.poll(rows).not.toContain("00000001.rows");
});

test("a flush that was asked for before later rows came does not take those for its own", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const ledger = open(home.path, stub.url);
  ledger.clientRegistered(CLIENT);
  const gate = Promise.withResolvers<void>();
  let held: string | undefined;
  stub.gate = (rows) => {
    held ??= rows[0]?.operation_id;
    return rows.some(({ operation_id: id }) => id === held) ? gate.promise : undefined;
  };
  const [id = ""] = await backlog(ledger, 1);
  await stub.until(() => stub.underWay === 1);
  const flushing = ledger.flush(300);
  const later = await backlog(ledger, 30);
  await stub.until(() => stub.stored.size === later.length);
  expect(await flushing).toMatchObject({ flushed: false });
  gate.resolve();
  await ledger.flush(DEADLINE);
  expect([...stub.stored.keys()].toSorted()).toEqual([id, ...later]);
});

test("while the database is away one upload at a time asks for it", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const ledger = open(home.path, stub.url, { backoffMs: 1, backoffLimitMs: 2 });
  stub.fault = () => ({ status: 503, body: "" });
  const [id] = await backlog(ledger, 1);
  ledger.clientRegistered(CLIENT);
  await stub.until(() => stub.calls.length >= 2);
  const ids = await backlog(ledger, 100);
  // long enough for others to have set out
  await stub.until(() => stub.calls.length >= 500);
  expect([...stub.arrivals.keys()]).toEqual([id]);
  stub.fault = () => undefined;
  expect(await ledger.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect([...stub.stored.keys()].toSorted()).toEqual([id, ...ids]);
});

test("an adopted journal is removed when all of its uploads are through, and not before", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const first = open(home.path, stub.url, { closeMs: 1 });
  const ids = await backlog(first, 40);
  await first.close();
  const gate = Promise.withResolvers<void>();
  stub.gate = (rows) => (rows.some(({ operation_id: id }) => id === ids[0]) ? gate.promise : undefined);
  const second = open(home.path, stub.url);
  second.clientRegistered(CLIENT);
  await stub.until(() => stub.stored.size >= 35);
  expect(second.health().adopted).toBe(1);
  expect(readdirSync(home.path).filter((name) => name.includes("~"))).toHaveLength(1);
  gate.resolve();
  expect(await second.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect(readdirSync(home.path).filter((name) => name.includes("~"))).toEqual([]);
  expect([...stub.stored.keys()].toSorted()).toEqual(ids);
});

test("records that cannot be set aside keep no place from others, and are set aside once they can be", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const ledger = open(home.path, stub.url, { uploads: 2 });
  const refusal = { status: 400, body: { code: "23514", message: "violates check constraint" } };
  stub.fault = (rows) => (rows.some(({ table_name }) => table_name === "bad") ? refusal : undefined);
  // stands for a full disk: nothing can be appended to a directory
  const file = join(home.path, "rejected.ndjson");
  mkdirSync(file);
  const good: string[] = [];
  const bad: string[] = [];
  for (let index = 0; index < 6; index += 1) {
    bad.push(await record(ledger.ledger, { table_name: "bad" }));
    good.push(...(await backlog(ledger, 8)));
  }
  ledger.clientRegistered(CLIENT);
  await stub.until(() => good.every((id) => stub.stored.has(id)));
  expect(ledger.health()).toMatchObject({ rejected: 0 });
  expect(ledger.health().pending).toBeGreaterThanOrEqual(bad.length);
  rmdirSync(file);
  expect(await ledger.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect(ledger.health()).toMatchObject({ rejected: bad.length });
  const setAside = readFileSync(file, "utf8").trim().split("\n");
  expect(setAside.map((line) => z.object({ operation_id: z.string() }).parse(JSON.parse(line)).operation_id)).toEqual(
    expect.arrayContaining(bad),
  );
});
