import { appendFileSync, cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { parseMicros } from "./clock.ts";
import type { LedgerOptions } from "./ledger-options.ts";
import { openLedger, type OpenedLedger } from "./open-ledger.ts";
import { CLIENT, record } from "./testing/sample.ts";
import { type StubSupabase, stubSupabase } from "./testing/stub-supabase.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";
import { startWriter } from "./testing/writer-process.ts";
import { createUuidV7 } from "./uuidv7.ts";

const DEADLINE = 20_000;

function open(journalDir: string, url: string, given: Partial<LedgerOptions> = {}): OpenedLedger {
  const options = {
    journalDir,
    url,
    secretKey: "sb_secret_test",
    lingerMs: 5,
    backoffMs: 5,
    closeMs: 300,
    adoptEveryMs: 250,
  };
  const ledger = openLedger({ ...options, ...given });
  onTestFinished(() => ledger.close());
  return ledger;
}

/** Journals of killed processes, made once: two operations settled, one open. */
const templates = temporaryDirectory();
beforeAll(async () => {
  await Promise.all([
    killWriter(join(templates.path, "open"), "open"),
    killWriter(join(templates.path, "registered"), "registered"),
  ]);
});
afterAll(() => templates[Symbol.dispose]());

async function killWriter(journalDir: string, mode: "open" | "registered"): Promise<void> {
  await using writer = startWriter(mode, journalDir, "http://127.0.0.1:1");
  await writer.ready();
  await writer.kill();
}

const nextName = createUuidV7();

/** Puts the journal of a killed process into `journalDir`; answers its name there. */
function leaveJournal(journalDir: string, mode: "open" | "registered" = "open"): string {
  const template = join(templates.path, mode);
  const [made = ""] = readdirSync(template);
  const name = nextName();
  cpSync(join(template, made), join(journalDir, name), { recursive: true, preserveTimestamps: true });
  return name;
}

function statuses(stub: StubSupabase): string[] {
  return [...stub.stored.values()].map(({ status }) => status).toSorted();
}

test("the journal of a killed process is taken over: rows stored, the open intent settled as OUTCOME_UNKNOWN", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  leaveJournal(home.path);
  const ledger = open(home.path, stub.url);
  ledger.clientRegistered(CLIENT);
  expect(await ledger.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect(statuses(stub)).toEqual(["error", "success", "success"]);
  const unknown = [...stub.stored.values()].find(({ status }) => status === "error");
  expect(unknown).toMatchObject({
    error_message: expect.stringMatching(/^OUTCOME_UNKNOWN: .* may have been carried out/),
    attempts: 1,
    query_data: { select: "*" },
    response_data: null,
  });
  const taken = parseMicros(String(unknown?.["completed_at"])) - parseMicros(String(unknown?.["created_at"]));
  expect(taken).toBeGreaterThan(0);
  expect(unknown?.["execution_time_ms"]).toBe(Math.ceil(taken / 1000));
  expect(ledger.health()).toMatchObject({ outcomeUnknown: 1, adopted: 0, damaged: 0, journaledBytes: 0 });
  await ledger.close();
  expect(readdirSync(home.path)).toEqual([]);
});

test("a sibling that dies while we live is taken over too; one that lives is not", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const ledger = open(home.path, stub.url);
  ledger.clientRegistered(CLIENT);
  stub.fault = () => ({ status: 503, body: "" });
  await using living = startWriter("registered", home.path, stub.url);
  await living.ready();
  const names = readdirSync(home.path);
  await using sibling = startWriter("registered", home.path, stub.url);
  await sibling.ready();
  await sibling.kill();
  stub.fault = () => undefined;
  await stub.until(() => statuses(stub).filter((status) => status === "error").length === 1);
  // Its own two rows were flushed meanwhile, but nobody settled what it has open.
  await expect.poll(() => readdirSync(home.path).toSorted()).toEqual(names.toSorted());
  expect(ledger.health().outcomeUnknown).toBe(1);
});

test("of two that find the same journal exactly one takes it", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  for (let round = 0; round < 3; round++) leaveJournal(home.path);
  const ledgers = Array.from({ length: 4 }, () => open(home.path, stub.url));
  for (const ledger of ledgers) ledger.clientRegistered(CLIENT);
  const reports = await Promise.all(ledgers.map((ledger) => ledger.flush(DEADLINE)));
  expect(reports.every(({ flushed }) => flushed)).toBe(true);
  // Three copies of one journal.
  expect(statuses(stub)).toEqual(["error", "success", "success"]);
  expect(ledgers.reduce((sum, ledger) => sum + ledger.health().outcomeUnknown, 0)).toBe(3);
  expect(stub.calls.reduce((sum, { rows }) => sum + rows, 0)).toBe(9);
});

test("of processes that start at the same moment exactly one takes each journal", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const copies = Array.from({ length: 8 }, () => leaveJournal(home.path));
  await using one = startWriter("registered", home.path, stub.url);
  await using two = startWriter("registered", home.path, stub.url);
  await using three = startWriter("registered", home.path, stub.url);
  await Promise.all([one.ready(), two.ready(), three.ready()]);
  const isCopy = (name: string): boolean => copies.some((copy) => name.startsWith(copy));
  await expect.poll(() => readdirSync(home.path).filter(isCopy), { timeout: 20_000 }).toEqual([]);
  // Each copy holds the same three operations.
  expect([...stub.arrivals.values()].filter((times) => times > 2)).toEqual([8, 8, 8]);
});

test("when who took a journal over dies before it is flushed, the next one takes it", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const dead = leaveJournal(home.path);
  // As it lies there when the second one was killed: named after it, and its own directory gone or dead.
  renameSync(join(home.path, dead), join(home.path, `${dead}~00000000-0000-7000-8000-000000000000`));
  const ledger = open(home.path, stub.url);
  ledger.clientRegistered(CLIENT);
  expect(await ledger.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect(statuses(stub)).toEqual(["error", "success", "success"]);
});

test("a process that cannot be asked is dead when its heartbeat stops, and not before", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const dead = leaveJournal(home.path);
  const lock = join(home.path, dead, "lock");
  const owner: unknown = JSON.parse(readFileSync(lock, "utf8"));
  writeFileSync(lock, JSON.stringify({ ...Object(owner), pid: 1, machine: "another" }));
  const patient = open(home.path, stub.url, { staleMs: 3_600_000 });
  patient.clientRegistered(CLIENT);
  expect(await patient.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect(stub.stored.size).toBe(0);
  const hasty = open(home.path, stub.url, { staleMs: 300 });
  hasty.clientRegistered(CLIENT);
  await stub.until(() => stub.stored.size === 3);
});

test("a process number that is used again does not keep its journal from being taken over", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const dead = leaveJournal(home.path);
  const lock = join(home.path, dead, "lock");
  const owner: unknown = JSON.parse(readFileSync(lock, "utf8"));
  // Our own process has that number now, but it did not start at that time.
  writeFileSync(lock, JSON.stringify({ ...Object(owner), pid: process.pid }));
  const ledger = open(home.path, stub.url);
  ledger.clientRegistered(CLIENT);
  expect(await ledger.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect(stub.stored.size).toBe(process.platform === "linux" ? 3 : 0);
});

test("records of another project stay where they are; a project that moved keeps its own", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const dead = leaveJournal(home.path);
  const log: string[] = [];
  const other = open(home.path, stub.url, {
    secretKey: "sb_secret_other",
    log: (level, message) => log.push(`${level} ${message}`),
  });
  other.clientRegistered(CLIENT);
  expect(await other.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect(readdirSync(home.path)).toContain(dead);
  expect(stub.stored.size).toBe(0);
  expect(log.filter((line) => line.startsWith("error"))).toHaveLength(1);
  // The templates were written for another address under this key.
  const moved = open(home.path, stub.url);
  moved.clientRegistered(CLIENT);
  expect(await moved.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect(stub.stored.size).toBe(3);
});

test("a torn tail and damage in the middle are kept aside and reported; whole records are recovered", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const dead = leaveJournal(home.path);
  const rows = join(home.path, dead, "00000001.rows");
  const [first = "", second = ""] = readFileSync(rows, "utf8").split("\n");
  writeFileSync(rows, `${first.slice(0, 40)}#${first.slice(41)}\n${second}\n`);
  appendFileSync(join(home.path, dead, "00000001.intents"), '1234abcd I{"operation_id":"torn');
  const log: string[] = [];
  const ledger = open(home.path, stub.url, {
    log: (level, message, fields) => log.push(JSON.stringify([level, message, fields])),
  });
  ledger.clientRegistered(CLIENT);
  expect(await ledger.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  // The operation whose row is damaged still has its intent.
  expect(statuses(stub)).toEqual(["error", "error", "success"]);
  expect(ledger.health().damaged).toBe(2);
  const kept = readdirSync(home.path).find((name) => name.endsWith(".damaged")) ?? "";
  expect(kept).toBe(`${dead}.damaged`);
  expect(readFileSync(join(home.path, kept), "utf8")).toContain('{"operation_id":"torn');
  expect(log.join("\n")).toContain(kept);
});

test("operations of a client that never had its row are kept under ours of the same type", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  leaveJournal(home.path);
  const ledger = open(home.path, stub.url);
  ledger.clientRegistered("new-host/anon");
  expect(await ledger.flush(200)).toMatchObject({ flushed: false });
  ledger.clientRegistered("new-host/service_role");
  expect(await ledger.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect([...stub.stored.values()].map(({ client_id }) => client_id)).toEqual(Array(3).fill("new-host/service_role"));
});

test("operations of a client that had its row keep its name", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  leaveJournal(home.path, "registered");
  const ledger = open(home.path, stub.url);
  ledger.clientRegistered("new-host/service_role");
  expect(await ledger.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect([...stub.stored.values()].map(({ client_id }) => client_id)).toEqual(Array(3).fill(CLIENT));
});

test("a script that ends without a close leaves its records for the next start, and nothing holds it back", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  stub.fault = () => "hang";
  await using script = startWriter("plain", home.path, stub.url);
  expect(await script.ended()).toBe(0);
  expect(stub.calls).toHaveLength(1);
  stub.fault = () => undefined;
  const ledger = open(home.path, stub.url);
  ledger.clientRegistered(CLIENT);
  await record(ledger.ledger);
  expect(await ledger.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect(statuses(stub)).toEqual(["success", "success", "success"]);
});
