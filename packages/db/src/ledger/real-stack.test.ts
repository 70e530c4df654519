import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SupabaseClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { afterAll, expect, inject, onTestFinished, test } from "vitest";
import { countingProxy } from "../client/testing/counting-proxy.ts";
import { createWaybill } from "../waybill.ts";
import type { Waybill } from "../waybill-types.ts";
import { openLedger } from "./open-ledger.ts";
import { record } from "./testing/sample.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";

const stack = inject("stack");
const sql = postgres(stack.dbUrl, { max: 1 });
afterAll(() => sql.end());

const UNKNOWN_ID = "00000000-0000-7000-8000-000000000000";

interface Opened {
  readonly waybill: Waybill;
  readonly instance: string;
}

/** A Waybill of this test alone, gone with its client rows and their records afterwards. */
function open(journalDir: string, url = stack.url): Opened {
  const instance = `real-stack-${crypto.randomUUID()}`;
  const waybill = createWaybill({ ...stack, url, journalDir, instance, allowHttpLoopback: true });
  onTestFinished(async () => {
    await waybill.close();
    await sql`delete from supabase_clients where client_id like ${`${instance}/%`}`;
  });
  return { waybill, instance };
}

async function recordOf(requestId: string): Promise<Record<string, unknown> | undefined> {
  const rows = await sql`select * from database_operations where request_id = ${requestId}`;
  expect(rows.length).toBeLessThanOrEqual(1);
  return rows[0];
}

/** Runs one call and answers its record. */
async function recorded(
  { waybill }: Opened,
  call: (client: SupabaseClient) => PromiseLike<unknown>,
  context: { session_id?: string; model_id?: string } = {},
): Promise<Record<string, unknown> | undefined> {
  const request_id = crypto.randomUUID();
  await waybill.run({ ...context, request_id }, async () => await call(waybill.service()));
  expect(await waybill.flush(20_000)).toEqual({ flushed: true, pending: 0 });
  return recordOf(request_id);
}

test("an operation that takes long is visible as pending, and has its outcome afterwards", async () => {
  await using proxy = await countingProxy(stack);
  using home = temporaryDirectory();
  const { waybill } = open(home.path, proxy.url);
  const gate = Promise.withResolvers<void>();
  proxy.hold = (path) => (path.startsWith("/rest/v1/airports") ? gate.promise : undefined);
  const request_id = crypto.randomUUID();
  const service: SupabaseClient = waybill.service();
  const call = waybill.run({ request_id }, async () => await service.from("airports").select("iata").limit(1));
  // two seconds by the specification; the rest is for a machine that is busy with other tests
  await expect
    .poll(() => recordOf(request_id), { timeout: 10_000 })
    .toMatchObject({
      status: "pending",
      completed_at: null,
      table_name: "airports",
    });
  gate.resolve();
  expect((await call).error).toBeNull();
  await waybill.flush(20_000);
  expect(await recordOf(request_id)).toMatchObject({ status: "success", attempts: 1 });
});

test("a body that jsonb refuses is left out of the record, which says why", async () => {
  using home = temporaryDirectory();
  const { waybill, instance } = open(join(home.path, "waybill"));
  const client_id = `${instance}/service_role`;
  await expect.poll(() => waybill.ready(), { timeout: 20_000 }).toBe(true);
  await using opened = openLedger({ ...stack, journalDir: join(home.path, "ledger") });
  const nul = await record(opened.ledger, { client_id }, { response_data: String.raw`["\u0000"]` });
  const large = await record(opened.ledger, { client_id }, { response_data: `["${"x".repeat(300_000)}"]` });
  const broken = await record(opened.ledger, { client_id }, { response_data: String.raw`["\ud800"]` });
  opened.clientRegistered(client_id);
  expect(await opened.flush(20_000)).toEqual({ flushed: true, pending: 0 });
  const ids = [nul, large, broken];
  const rows = await sql`select status, query_data, response_data->>'dropped' as why from database_operations
    where operation_id = any(${ids}) order by operation_id`;
  expect(rows).toMatchObject([
    { status: "success", query_data: { select: "*" }, why: expect.stringContaining("NUL") },
    { status: "success", query_data: { select: "*" }, why: expect.stringContaining("larger than a record may be") },
    {
      status: "success",
      query_data: { select: "*" },
      why: expect.stringContaining("The database refused the record with this body (HTTP 400: 22P0"),
    },
  ]);
  expect(opened.health()).toMatchObject({ rejected: 0, bodiesDropped: 1 });
});

test("a NUL in what is sent costs that character, and the record says so", async () => {
  using home = temporaryDirectory();
  const opened = open(home.path);
  const sent = await recorded(opened, (client) => client.from("airports").insert({ name: "a\0b" }));
  expect(sent).toMatchObject({ operation_type: "create", status: "error", table_name: "airports" });
  expect(sent?.["query_data"]).toMatchObject({ body: { name: "a\ufffdb" }, characters_replaced: true });
  expect(opened.waybill.health().ledger).toMatchObject({ rejected: 0, pending: 0 });
});

test("what is larger than a record may be is left out, and the record says so", async () => {
  using home = temporaryDirectory();
  const opened = open(home.path);
  const sent = await recorded(opened, (client) => client.from("airports").insert({ name: "x".repeat(400_000) }));
  expect(sent).toMatchObject({ operation_type: "create", table_name: "airports" });
  const query = JSON.stringify(sent?.["query_data"]);
  expect(query.length).toBeLessThan(20_000);
  expect(query).toMatch(/"bytes":\s*4\d{5}/);
});

test("a session and a model that are gone become null", async () => {
  using home = temporaryDirectory();
  const opened = open(home.path);
  const context = { session_id: UNKNOWN_ID, model_id: UNKNOWN_ID };
  const read = await recorded(opened, (client) => client.from("airports").select("iata").limit(1), context);
  expect(read).toMatchObject({ status: "success", session_id: null, model_id: null });
});

test("records of a client that was removed go with it, counted, and stop nothing", async () => {
  using home = temporaryDirectory();
  const opened = open(home.path);
  const { waybill, instance } = opened;
  const read = (client: SupabaseClient) => client.from("airports").select("iata").limit(1);
  expect(await recorded(opened, read)).toMatchObject({ status: "success" });
  await sql`delete from supabase_clients where client_id like ${`${instance}/%`}`;
  expect(await recorded(opened, read)).toBeUndefined();
  expect(waybill.health().ledger).toMatchObject({ cascaded: 1, rejected: 0, pending: 0 });
});

test("a row that nothing helps is kept aside with its reason, and the rest arrives", async () => {
  using home = temporaryDirectory();
  const { waybill, instance } = open(join(home.path, "waybill"));
  const client_id = `${instance}/service_role`;
  await expect.poll(() => waybill.ready(), { timeout: 20_000 }).toBe(true);
  await using opened = openLedger({ ...stack, journalDir: join(home.path, "ledger") });
  const before = await record(opened.ledger, { client_id });
  const bad = await record(opened.ledger, { client_id, table_name: "no identifier!" });
  const after = await record(opened.ledger, { client_id });
  opened.clientRegistered(client_id);
  expect(await opened.flush(20_000)).toEqual({ flushed: true, pending: 0 });
  const stored =
    await sql`select operation_id from database_operations where operation_id = any(${[before, bad, after]})`;
  expect(stored.map(({ operation_id }) => String(operation_id)).toSorted()).toEqual([before, after]);
  expect(JSON.parse(readFileSync(join(home.path, "ledger", "rejected.ndjson"), "utf8"))).toMatchObject({
    operation_id: bad,
    reason: expect.stringMatching(/23514.*table_name_identifier/),
    row: { table_name: "no identifier!", response_data: [{ id: 1 }] },
  });
  expect(opened.health()).toMatchObject({ rejected: 1, bodiesDropped: 0 });
});
