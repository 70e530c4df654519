import fc from "fast-check";
import postgres from "postgres";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createUploader, type Uploader, type UploadResult } from "./flush/upload.ts";
import { openLedger } from "./open-ledger.ts";
import { admitBody, headOf, outcomeRow, pendingRow } from "./row.ts";
import { record, sampleIntent, sampleOutcome } from "./testing/sample.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";

const stack = inject("stack");
const CLIENT = `record-operations-${process.pid}/service_role`;
const UNKNOWN_ID = "00000000-0000-7000-8000-000000000000";
const never = new AbortController().signal;

let sql: postgres.Sql;
let uploader: Uploader;

beforeAll(async () => {
  sql = postgres(stack.dbUrl, { max: 1 });
  uploader = createUploader({ ...stack, attemptTimeoutMs: 20_000, uploads: 1 });
  await addClient(CLIENT);
});
afterAll(async () => {
  await sql`delete from supabase_clients where client_id like ${`record-operations-${process.pid}%`}`;
  await uploader.close();
  await sql.end();
});

async function addClient(id: string): Promise<void> {
  await sql`insert into supabase_clients (client_id, supabase_url, supabase_key, client_type)
    values (${id}, 'https://example.supabase.co', ${`v1:k:${"a".repeat(60)}`}, 'service_role')`;
}

type Intent = ReturnType<typeof sampleIntent>;

function pending(intent: Intent): Buffer {
  return Buffer.from(pendingRow(headOf(intent), admitBody(intent.query_data)));
}

function settled(intent: Intent, outcome = sampleOutcome()): Buffer {
  return Buffer.from(outcomeRow(headOf(intent), admitBody(intent.query_data), outcome));
}

async function counts(...rows: Buffer[]): Promise<Record<string, number>> {
  const result = await uploader.send(rows, never);
  if (result.kind !== "stored") throw new Error(result.reason);
  return result.counts;
}

const none = { inserted: 0, settled: 0, unchanged: 0, cascaded: 0 };

async function stored(...intents: readonly Intent[]): Promise<postgres.Row[]> {
  const ids = intents.map(({ operation_id }) => operation_id);
  return await sql`select *, created_at::text as created, completed_at::text as completed
    from database_operations where operation_id = any(${ids}) order by operation_id`;
}

test("every column arrives, times to the microsecond", async () => {
  const intent = sampleIntent({
    client_id: CLIENT,
    operation_type: "update",
    table_name: '"My Table"',
    created_at: "2026-11-22T10:00:00.123456Z",
    user_id: "u",
    request_id: "r",
    schema_version: "1.2.3",
    query_data: '{"é": [1, 2.50, null]}',
  });
  const outcome = sampleOutcome({
    status: "error",
    completed_at: "2026-11-22T10:00:00.123457Z",
    execution_time_ms: 1,
    attempts: 3,
    error_message: "42P01",
    response_data: null,
  });
  expect(await counts(settled(intent, outcome))).toEqual({ ...none, inserted: 1 });
  const [row] = await stored(intent);
  expect(row).toMatchObject({
    client_id: CLIENT,
    operation_type: "update",
    table_name: '"My Table"',
    user_id: "u",
    request_id: "r",
    session_id: null,
    model_id: null,
    schema_version: "1.2.3",
    status: "error",
    execution_time_ms: 1,
    attempts: 3,
    error_message: "42P01",
    query_data: { é: [1, 2.5, null] },
    response_data: null,
    created: expect.stringMatching(/:00\.123456/),
    completed: expect.stringMatching(/:00\.123457/),
  });
});

test("a pending row takes one outcome; nothing else changes a row", async () => {
  const intent = sampleIntent({ client_id: CLIENT });
  expect(await counts(pending(intent))).toEqual({ ...none, inserted: 1 });
  expect(await counts(pending(intent))).toEqual({ ...none, unchanged: 1 });
  expect(await counts(settled(intent))).toEqual({ ...none, settled: 1 });
  const late = sampleOutcome({ status: "error", error_message: "later" });
  expect(await counts(settled(intent, late), pending(intent))).toEqual({ ...none, unchanged: 1 });
  expect(await stored(intent)).toMatchObject([{ status: "success", error_message: null, response_data: [{ id: 1 }] }]);
});

test("an outcome names who asked, where only the answer could tell", async () => {
  const intent = sampleIntent({ client_id: CLIENT, user_id: null });
  await counts(pending(intent));
  await counts(settled(intent, sampleOutcome({ user_id: "u" })));
  expect(await stored(intent)).toMatchObject([{ status: "success", user_id: "u" }]);
});

test("any order, repetition and grouping of batches gives the same table", async () => {
  const operation = fc.record({
    isAnnounced: fc.boolean(),
    isSettled: fc.boolean(),
    repeats: fc.integer({ min: 1, max: 3 }),
  });
  const plan = fc.array(operation, { minLength: 1, maxLength: 8 }).chain((operations) => {
    const steps = operations.flatMap(({ isAnnounced, isSettled, repeats }, index) =>
      Array.from({ length: repeats }, () => [
        ...(isAnnounced || !isSettled ? [{ index, row: "pending" as const }] : []),
        ...(isSettled ? [{ index, row: "settled" as const }] : []),
      ]).flat(),
    );
    const shuffled = fc.shuffledSubarray(steps, { minLength: steps.length });
    return fc.tuple(fc.constant(operations), shuffled, fc.integer({ min: 1, max: 6 }));
  });
  await fc.assert(
    fc.asyncProperty(plan, async ([operations, steps, batch]) => {
      const intents = operations.map(() => sampleIntent({ client_id: CLIENT }));
      const rows = intents.map((intent) => ({ pending: pending(intent), settled: settled(intent) }));
      const sums = { ...none };
      for (let at = 0; at < steps.length; at += batch) {
        const sent = steps.slice(at, at + batch).flatMap(({ index, row }) => rows[index]?.[row] ?? []);
        const answer = await counts(...sent);
        sums.inserted += answer["inserted"] ?? 0;
        sums.settled += answer["settled"] ?? 0;
      }
      const found = await stored(...intents);
      expect(found.map(({ status, response_data, attempts }) => ({ status, response_data, attempts }))).toEqual(
        operations.map(({ isSettled }) =>
          isSettled
            ? { status: "success", response_data: [{ id: 1 }], attempts: 1 }
            : { status: "pending", response_data: null, attempts: 0 },
        ),
      );
      // What the totals are made of: each operation is new once, and settled at most once.
      expect(sums.inserted).toBe(operations.length);
      expect(sums.settled).toBeLessThanOrEqual(operations.filter(({ isSettled }) => isSettled).length);
    }),
    { seed: 20261122, numRuns: 25 },
  );
});

test("a session or model that is gone becomes null; one that is there stays", async () => {
  const sealed = `v1:k:${"a".repeat(60)}`;
  const [session] = await sql`insert into authentication_contexts
    (user_id, access_token, refresh_token, token_hash, expires_at)
    values ('u', ${sealed}, ${sealed}, ${crypto.randomUUID().replaceAll("-", "").padEnd(64, "0")}, now() + interval '1 hour')
    returning session_id`;
  const here = sampleIntent({ client_id: CLIENT, session_id: String(session?.["session_id"]), model_id: UNKNOWN_ID });
  const gone = sampleIntent({ client_id: CLIENT, session_id: UNKNOWN_ID });
  expect(await counts(settled(here), settled(gone))).toEqual({ ...none, inserted: 2 });
  expect(await stored(here, gone)).toMatchObject([
    { session_id: here.session_id, model_id: null },
    { session_id: null, model_id: null },
  ]);
  await sql`delete from authentication_contexts where session_id = ${here.session_id}`;
  expect(await stored(here)).toEqual([]);
});

test("operations of a client that is gone are left out and counted, also when it goes between begin and outcome", async () => {
  const removed = `record-operations-${process.pid}-removed/service_role`;
  await addClient(removed);
  const started = sampleIntent({ client_id: removed });
  const later = sampleIntent({ client_id: removed });
  const other = sampleIntent({ client_id: CLIENT });
  expect(await counts(pending(started))).toEqual({ ...none, inserted: 1 });
  await sql`delete from supabase_clients where client_id = ${removed}`;
  expect(await counts(settled(started), settled(later), pending(later), settled(other))).toEqual({
    ...none,
    inserted: 1,
    cascaded: 2,
  });
  expect(await stored(started, later, other)).toMatchObject([{ operation_id: other.operation_id }]);
});

test("a batch with a row that breaks a rule is refused as a whole, and says which rule", async () => {
  const good = sampleIntent({ client_id: CLIENT });
  const bad = sampleIntent({ client_id: CLIENT, table_name: "no identifier!" });
  const result: UploadResult = await uploader.send([settled(good), settled(bad)], never);
  expect(result).toMatchObject({ kind: "refused", reason: expect.stringMatching(/23514 .*table_name_identifier/) });
  expect(await stored(good, bad)).toEqual([]);
  for (const operations of [{}, "x", null]) {
    const answer = sql`select record_operations(${sql.json(operations)})`;
    await expect(answer).rejects.toThrow("operations must be an array of objects");
  }
});

test("nobody but the secret key may call it", async () => {
  const intent = sampleIntent({ client_id: CLIENT });
  const public_ = createUploader({ ...stack, secretKey: stack.publishableKey, attemptTimeoutMs: 20_000, uploads: 1 });
  try {
    const result = await public_.send([settled(intent)], never);
    expect(result).toMatchObject({ kind: "failed", reason: expect.stringContaining("SUPABASE_SECRET_KEY") });
  } finally {
    await public_.close();
  }
  expect(await stored(intent)).toEqual([]);
  const roles =
    await sql`select r.rolname, has_function_privilege(r.rolname, 'public.record_operations(jsonb)', 'execute') as may
    from pg_roles r where r.rolname in ('anon', 'authenticated', 'service_role') order by 1`;
  expect(roles.map(({ rolname, may }) => ({ rolname, may }))).toEqual([
    { rolname: "anon", may: false },
    { rolname: "authenticated", may: false },
    { rolname: "service_role", may: true },
  ]);
});

test("bodies that jsonb refuses cost the body alone, on a real database", async () => {
  using home = temporaryDirectory();
  await using opened = openLedger({ ...stack, journalDir: home.path });
  const intents = { client_id: CLIENT };
  const ids = [
    await record(opened.ledger, intents),
    await record(opened.ledger, intents, { response_data: String.raw`{"a":"\u0000"}` }),
    await record(opened.ledger, intents, { response_data: String.raw`{"a":"\ud800"}` }),
    await record(opened.ledger, { ...intents, query_data: '{"cut' }),
    await record(opened.ledger, intents, { response_data: '{"a":1' }),
    await record(opened.ledger, { ...intents, request_id: "nul \u0000, half \ud800" }),
    await record(opened.ledger, { ...intents, table_name: "no identifier!" }),
    await record(opened.ledger, intents, { response_data: `["${"é".repeat(300_000)}"]` }),
  ];
  opened.clientRegistered(CLIENT);
  expect(await opened.flush(20_000)).toEqual({ flushed: true, pending: 0 });
  const rows = await sql`select operation_id, query_data, response_data, request_id from database_operations
    where operation_id = any(${ids}) order by operation_id`;
  const note = { dropped: expect.any(String), characters: expect.any(Number) };
  expect(rows).toMatchObject([
    { response_data: [{ id: 1 }] },
    { query_data: { select: "*" }, response_data: note },
    { query_data: { select: "*" }, response_data: note },
    { query_data: note },
    { response_data: note },
    { request_id: "nul \ufffd, half \ufffd" },
    { response_data: note },
  ]);
  expect(opened.health()).toMatchObject({ rejected: 1, pending: 0 });
});
