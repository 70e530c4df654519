import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Log } from "../log.ts";
import type { LedgerOptions } from "./ledger-options.ts";
import { openLedger, type OpenedLedger } from "./open-ledger.ts";
import { CLIENT, record, sampleIntent, sampleOutcome } from "./testing/sample.ts";
import { stubSupabase } from "./testing/stub-supabase.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";

const DEADLINE = 20_000;

function open(journalDir: string, url: string, given: Partial<LedgerOptions> = {}): OpenedLedger {
  const options = {
    journalDir,
    url,
    secretKey: "sb_secret_test",
    lingerMs: 5,
    backoffMs: 5,
    backoffLimitMs: 20,
    closeMs: 300,
  };
  const ledger = openLedger({ ...options, ...given });
  onTestFinished(() => ledger.close());
  return ledger;
}

function openRegistered(journalDir: string, url: string, given: Partial<LedgerOptions> = {}): OpenedLedger {
  const ledger = open(journalDir, url, given);
  ledger.clientRegistered(CLIENT);
  return ledger;
}

test("what was recorded reaches the database with the secret key, and the journal goes", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const ledger = openRegistered(home.path, stub.url);
  const id = await record(ledger.ledger, { query_data: '{"a":"é\\n😀"}' });
  expect(await ledger.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect(stub.stored.get(id)).toMatchObject({
    status: "success",
    query_data: { a: "é\n😀" },
    response_data: [{ id: 1 }],
  });
  expect(stub.calls[0]?.headers).toMatchObject({
    apikey: "sb_secret_test",
    authorization: "Bearer sb_secret_test",
    "x-client-info": "waybill-ledger",
  });
  expect(ledger.health()).toMatchObject({ pending: 0, open: 0, lastError: null, lastFlushAt: expect.any(String) });
  await ledger.close();
  expect(readdirSync(home.path)).toEqual([]);
});

test("a client that registers after the close has no journal to be noted in, and nobody is warned", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const log = vi.fn<Log>();
  const ledger = open(home.path, stub.url, { log });
  await ledger.close();
  ledger.clientRegistered(CLIENT);
  expect(log).not.toHaveBeenCalled();
  expect(readdirSync(home.path)).toEqual([]);
});

test("rows leave by themselves, in batches of at most batchBytes", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const ledger = open(home.path, stub.url, { batchBytes: 2000, maxBatchBytes: 2000 });
  for (let index = 0; index < 40; index++) await record(ledger.ledger);
  ledger.clientRegistered(CLIENT);
  await stub.until(() => stub.stored.size === 40);
  expect(Math.max(...stub.calls.map(({ rows }) => rows))).toBeLessThanOrEqual(4);
});

test("an operation in progress is visible as pending, then takes its outcome", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const ledger = openRegistered(home.path, stub.url, { pendingAfterMs: 50 });
  const intent = sampleIntent();
  const operation = ledger.ledger.begin(intent);
  await operation.written;
  await stub.until(() => stub.stored.get(intent.operation_id)?.status === "pending");
  operation.settle(sampleOutcome({ status: "timeout", error_message: "no answer within 60 s" }));
  await ledger.flush(DEADLINE);
  expect(stub.stored.get(intent.operation_id)).toMatchObject({ status: "timeout" });
});

test("operations wait until their client is registered", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const ledger = open(home.path, stub.url);
  const id = await record(ledger.ledger);
  expect(await ledger.flush(50)).toEqual({ flushed: false, pending: 1 });
  expect(ledger.health().waitingForClients).toEqual([CLIENT]);
  expect(stub.calls).toEqual([]);
  ledger.clientRegistered(CLIENT);
  expect(await ledger.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect([...stub.stored.keys()]).toEqual([id]);
});

test.each([
  ["503", { status: 503, body: "upstream is away" }],
  ["a missing migration", { status: 404, body: { code: "PGRST202", message: "Could not find the function" } }],
  ["a key that is refused", { status: 401, body: { message: "Invalid API key" } }],
  ["an answer that is none", { status: 200, body: "<html>" }],
  ["a reset", "reset"],
  ["a gateway's 400", { status: 400, body: "The plain HTTP request was sent to HTTPS port" }],
] as const)("%s is tried again until it passes, and loses nothing", async (_, fault) => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const ledger = open(home.path, stub.url, { attemptTimeoutMs: 100 });
  stub.fault = (_rows, call) => (call <= 3 ? fault : undefined);
  const ids = [await record(ledger.ledger), await record(ledger.ledger)];
  ledger.clientRegistered(CLIENT);
  await stub.until(() => stub.calls.length === 3);
  expect(ledger.health().pending).toBe(2);
  expect(await ledger.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect([...stub.stored.keys()].toSorted()).toEqual(ids);
  expect(ledger.health()).toMatchObject({ lastError: null, rejected: 0, bodiesDropped: 0 });
  // The whole batch each time: nothing in it is at fault.
  expect(new Set(stub.calls.slice(0, 4).map(({ rows }) => rows)).size).toBe(1);
});

test.each([
  [
    "a statement timeout",
    { status: 500, body: { code: "57014", message: "canceling statement due to statement timeout" } },
  ],
  ["a gateway's timeout", { status: 504, body: "" }],
  ["a body that is too large", { status: 413, body: "" }],
  ["a hang", "hang"],
] as const)("%s is met with fewer rows, down to what passes, and loses nothing", async (_, fault) => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const ledger = open(home.path, stub.url, { attemptTimeoutMs: 150 });
  stub.fault = (rows) => (rows.length > 5 ? fault : undefined);
  const ids: string[] = [];
  for (let index = 0; index < 40; index++) ids.push(await record(ledger.ledger));
  ledger.clientRegistered(CLIENT);
  expect(await ledger.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect([...stub.stored.keys()].toSorted()).toEqual(ids);
  expect(ledger.health()).toMatchObject({ lastError: null, rejected: 0, bodiesDropped: 0 });
});

test("what stands in the way is told, without the row that PostgREST quotes", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const ledger = openRegistered(home.path, stub.url);
  stub.fault = () => ({
    status: 404,
    body: { code: "PGRST202", message: "no function", details: "Failing row contains (x)" },
  });
  await record(ledger.ledger);
  await stub.until(() => stub.calls.length === 2);
  expect(ledger.health().lastError).toBe(
    "HTTP 404: PGRST202 no function (are Waybill's migrations applied? supabase db push)",
  );
});

test("one refused row is isolated and set aside; the others are stored", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const ledger = open(home.path, stub.url);
  const refusal = { status: 400, body: { code: "23514", message: "violates check constraint", details: "secret row" } };
  stub.fault = (rows) => (rows.some(({ table_name }) => table_name === "bad") ? refusal : undefined);
  const ids: string[] = [];
  for (let index = 0; index < 30; index++) ids.push(await record(ledger.ledger));
  const bad = await record(ledger.ledger, { table_name: "bad" });
  for (let index = 0; index < 30; index++) ids.push(await record(ledger.ledger));
  ledger.clientRegistered(CLIENT);
  expect(await ledger.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect([...stub.stored.keys()].toSorted()).toEqual(ids);
  expect(ledger.health()).toMatchObject({ rejected: 1, pending: 0 });
  const file = join(home.path, "rejected.ndjson");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({
    operation_id: bad,
    reason: "HTTP 400: 23514 violates check constraint",
    row: { table_name: "bad" },
  });
});

test("a refused body is left out and the record says so", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const ledger = open(home.path, stub.url);
  const refusal = { status: 400, body: { code: "22P05", message: "unsupported Unicode escape sequence" } };
  stub.fault = (rows) => (JSON.stringify(rows).includes("half") ? refusal : undefined);
  const good = await record(ledger.ledger);
  const half = await record(ledger.ledger, { query_data: '{"kept":1}' }, { response_data: '{"a":"half"}' });
  const broken = await record(ledger.ledger, { query_data: '{"not json' });
  ledger.clientRegistered(CLIENT);
  expect(await ledger.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect(stub.stored.get(good)).toMatchObject({ response_data: [{ id: 1 }] });
  expect(stub.stored.get(half)).toMatchObject({
    query_data: { kept: 1 },
    response_data: { dropped: expect.stringContaining("22P05") },
  });
  expect(stub.stored.get(broken)).toMatchObject({ query_data: { dropped: expect.stringContaining("PGRST102") } });
  expect(ledger.health()).toMatchObject({ rejected: 0, bodiesDropped: 2 });
});

test("what is not flushed at close is there for the next ledger", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  stub.fault = () => ({ status: 503, body: "" });
  const first = openRegistered(home.path, stub.url, { closeMs: 100 });
  const id = await record(first.ledger);
  const open_ = sampleIntent();
  await first.ledger.begin(open_).written;
  await first.close();
  await expect(first.ledger.begin(sampleIntent()).written).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
  stub.fault = () => undefined;
  const second = openRegistered(home.path, stub.url);
  expect(await second.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect(stub.stored.get(id)).toMatchObject({ status: "success" });
  expect(stub.stored.get(open_.operation_id)).toMatchObject({
    status: "error",
    error_message: expect.stringMatching(/^OUTCOME_UNKNOWN: /),
  });
  await second.close();
  expect(readdirSync(home.path)).toEqual([]);
});

test.each([
  ["goes at once", { keepFlushedMs: 0 }, false],
  ["stays for a database that commits later", { keepFlushedMs: 60_000 }, true],
  ["goes when the room is needed", { keepFlushedMs: 60_000, maxJournalBytes: 12_000 }, false],
  ["goes where nothing is synced", { keepFlushedMs: 60_000, fsync: "never" }, false],
] as const)("a flushed segment %s", async (_, given, isKept) => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const ledger = openRegistered(home.path, stub.url, { segmentBytes: 2000, ...given });
  for (let index = 0; index < 20; index++) await record(ledger.ledger).catch(() => {});
  await ledger.flush(DEADLINE);
  const [process_ = ""] = readdirSync(home.path);
  const left = (): number => readdirSync(join(home.path, process_)).filter((name) => name.endsWith(".rows")).length;
  await expect.poll(() => left() > 2, { timeout: 5000 }).toBe(isKept);
});

test("a journal directory that cannot be used is named, with what to do", () => {
  using home = temporaryDirectory();
  const file = join(home.path, "file");
  writeFileSync(file, "");
  const options = { journalDir: join(file, "journal"), url: "http://127.0.0.1:1", secretKey: "sb_secret_test" };
  expect(() => openLedger(options)).toThrow(options.journalDir);
  expect(() => openLedger(options)).toThrow(
    expect.objectContaining({ code: "ENVIRONMENT_INVALID", hint: expect.stringContaining("WAYBILL_JOURNAL_DIR") }),
  );
});

test("directories are the owner's alone", () => {
  using home = temporaryDirectory();
  const journalDir = join(home.path, "deep", "journal");
  open(journalDir, "http://127.0.0.1:1");
  const [process_ = ""] = readdirSync(journalDir);
  expect(statSync(journalDir).mode & 0o777).toBe(0o700);
  expect(statSync(join(journalDir, process_)).mode & 0o777).toBe(0o700);
});

test("a journal that is removed under a running process goes on in a new one", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  const ledger = openRegistered(home.path, stub.url);
  const early = sampleIntent();
  const operation = ledger.ledger.begin(early);
  await operation.written;
  const [before = ""] = readdirSync(home.path);
  rmSync(join(home.path, before), { recursive: true });
  await expect.poll(() => readdirSync(home.path), { timeout: 10_000 }).toHaveLength(1);
  operation.settle(sampleOutcome());
  const late = await record(ledger.ledger);
  expect(await ledger.flush(DEADLINE)).toEqual({ flushed: true, pending: 0 });
  expect([...stub.stored.keys()].toSorted()).toEqual([early.operation_id, late]);
  expect(existsSync(join(home.path, before))).toBe(false);
});

test("a foreign file or directory in the journal directory is left alone", async () => {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  writeFileSync(join(home.path, "notes.txt"), "mine");
  mkdirSync(join(home.path, "mine"));
  const ledger = openRegistered(home.path, stub.url);
  await record(ledger.ledger);
  await ledger.flush(DEADLINE);
  await ledger.close();
  expect(readdirSync(home.path).toSorted()).toEqual(["mine", "notes.txt"]);
});
