import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import type { Json } from "../database.types.ts";
import { createUuidV7 } from "../ledger/index.ts";
import { plainClients, rejection } from "../testing/plain-clients.ts";
import { createWaybill } from "../waybill.ts";
import type { Waybill } from "../waybill-types.ts";

const plain = plainClients();
const instance = `slow-${crypto.randomUUID().slice(0, 8)}`;
const client_id = `${instance}/anon`;
/** A day to come, so that no other test's operations are in it, and no other test's upkeep removes it. */
const start = Math.floor(Date.now() / 86_400_000) * 86_400_000 + 5.5 * 86_400_000;
const at = (ms: number): string => new Date(start + ms).toISOString();
const range = { created_from: at(0), created_before: at(3_600_000) };

let waybill: Waybill;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "waybill-slow-"));
  waybill = createWaybill({ ...inject("stack"), journalDir: directory, instance });
  await vi.waitUntil(() => waybill.ready(), { timeout: 20_000 });
});
afterAll(async () => {
  await waybill.close();
  await plain.service.from("database_operations").delete().eq("client_id", client_id);
  await plain[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

interface Finished {
  readonly query_data: Json;
  readonly ms: number;
  readonly table_name?: string;
  readonly operation_type?: string;
  readonly idMs?: number;
  readonly atMs?: number;
  readonly failed?: boolean;
}

async function store(operations: readonly Finished[]): Promise<string[]> {
  const rows = operations.map(
    ({ query_data, ms, table_name, operation_type, atMs = 0, idMs = atMs, failed = false }) => ({
      operation_id: createUuidV7(() => start + idMs)(),
      client_id,
      operation_type: operation_type ?? "read",
      table_name: table_name ?? "airports",
      query_data,
      status: failed ? "error" : "success",
      error_message: failed ? "it failed" : null,
      execution_time_ms: ms,
      created_at: at(atMs),
      completed_at: at(atMs + ms),
    }),
  );
  const { error } = await plain.service.from("database_operations").insert(rows);
  if (error !== null) throw error;
  return rows.map((row) => row.operation_id);
}

const byIata = (iata: string): Json => ({
  method: "GET",
  search: { select: "iata,city", iata: `eq.${iata}`, limit: "1" },
});

describe("a query's shape", () => {
  test.each<readonly [Json, string]>([
    [{ method: "GET" }, "GET"],
    [byIata("LHR"), "GET iata=eq.?&limit=?&select=iata,city"],
    [{ method: "GET", search: { a: ["gte.1", "lt.9"], order: "a.desc" } }, "GET a=gte.?&a=lt.?&order=a.desc"],
    [
      { method: "GET", search: { a: "not.is.null", b: "not.in.(1,2)", c: "[redacted]" } },
      "GET a=not.is.null&b=not.in.?&c=?",
    ],
    [{ method: "GET", search: { b: "like(any).{a%,b%}" } }, "GET b=like(any).?"],
    [{ method: "POST", upsert: true, search: { on_conflict: "id" }, body: { id: 1 } }, "POST upsert on_conflict=id"],
    [
      { method: "GET", search: { or: '(a.eq.1,and(b.gt.2,c.in.(1,2)),d.eq."x,y)")' } },
      "GET or=(a.eq.?,and(b.gt.?,c.in.?),d.eq.?)",
    ],
    [{ method: "GET", search: { truncated: true, bytes: 9, preview: "{" } }, "GET (longer than what a record keeps)"],
    [null, ""],
  ])("of %j has no value in it", async (query_data, shape) => {
    const { data, error } = await plain.service.rpc("operation_shape", { query_data });
    expect([error, data]).toEqual([null, shape]);
  });
});

describe("slow operations", () => {
  beforeAll(async () => {
    await store([
      // often and fast: most of the time in total
      ...Array.from({ length: 100 }, (_, n) => ({ query_data: byIata(`A${n}`), ms: n < 94 ? 10 : 20, failed: n < 3 })),
      // rare and slow; one of them under an id from another hour
      { query_data: { method: "PATCH", search: { id: "eq.1" } }, ms: 300, operation_type: "update" },
      { query_data: { method: "PATCH", search: { id: "eq.2" } }, ms: 400, operation_type: "update", idMs: 7_200_000 },
    ]);
  });

  test("come by the 95th percentile, with what they are and how often", async () => {
    const { rows, complete } = await waybill.operations.slow(range);
    expect(rows).toMatchObject([
      { operation_type: "update", shape: "PATCH id=eq.?", calls: 2, p50_ms: 300, p95_ms: 400, total_ms: 700 },
      { shape: "GET iata=eq.?&limit=?&select=iata,city", calls: 100, failures: 3, p50_ms: 10, p95_ms: 20, max_ms: 20 },
    ]);
    expect(complete).toBe(true);
    expect(await waybill.operations.get(rows[0]?.slowest_operation_id ?? "")).toMatchObject({ execution_time_ms: 400 });
  });

  test("come by their time in total, as many as asked for", async () => {
    const { rows } = await waybill.operations.slow({ ...range, by: "total_time", limit: 1 });
    expect(rows).toMatchObject([{ total_ms: 94 * 10 + 6 * 20 }]);
  });

  test("are those of the range alone, and no user's to ask for", async () => {
    const nothing = { rows: [], records_read: 0, complete: true };
    for (const [from, before] of [
      [-3_600_000, 0],
      [1, 3_600_000],
    ] as const) {
      expect(await waybill.operations.slow({ created_from: at(from), created_before: at(before) })).toEqual(nothing);
    }
    const backwards = { created_from: range.created_before, created_before: range.created_from };
    expect(await rejection(waybill.operations.slow(backwards))).toMatchObject({ code: "VALIDATION_FAILED" });
    const user = await plain.signUp();
    const bounds = {
      id_from: crypto.randomUUID(),
      id_before: crypto.randomUUID(),
      sort_by: "p95",
      most: 1,
      most_read: 1,
    };
    for (const { error } of [
      await user.client.rpc("advise_operation", { id: crypto.randomUUID() }),
      await user.client.rpc("operation_shape", { query_data: {} }),
      await user.client.rpc("slow_operations", { range_from: at(0), range_before: at(1), ...bounds }),
    ]) {
      expect(error?.code).toBe("42501");
    }
  });
});

test("each goes under its own shape, also where a caller writes filters that look like another's", async () => {
  const later = 90 * 60_000;
  const searches: Record<string, string | string[]>[] = [
    { a: "eq.1" },
    { a: "eq" },
    { a: "is.null", b: "eq.1" },
    { a: "is.null&b=eq.1" },
    { a: ["is.null", "is.true"] },
    { a: "is.null", limit: "1" },
    { a: "is.null", limit: ["1", "2"] },
  ];
  const ids = await store(
    searches.map((search, n) => ({
      query_data: { method: "GET", search },
      ms: 10 + n,
      table_name: "alike",
      atMs: later,
    })),
  );
  const shapes = await Promise.all(
    searches.map(
      async (search) => (await plain.service.rpc("operation_shape", { query_data: { method: "GET", search } })).data,
    ),
  );
  const { rows } = await waybill.operations.slow({ created_from: at(later), created_before: at(later + 1), limit: 50 });
  const found = new Map(rows.map(({ slowest_operation_id, shape }) => [slowest_operation_id, shape]));
  expect(ids.map((id) => found.get(id) ?? "in another's group")).toEqual(shapes);
});

describe("advice", () => {
  const adviceFor = async (operation: Partial<Finished>) => {
    const [id = ""] = await store([{ query_data: byIata("LHR"), ms: 1, ...operation }]);
    return waybill.operations.advise(id);
  };

  test("has the plan of the query without its values, and says what it lacks", async () => {
    const search = {
      iata: "eq.LHR",
      city: "in.(London)",
      elevation: "not.is.null",
      or: "(a.eq.1)",
      order: "city.desc",
      limit: "5",
    };
    expect(await adviceFor({ query_data: { method: "GET", search } })).toMatchObject({
      statement: expect.stringMatching(
        /^select \* from (public\.)?airports o where .*\bo\.iata = \$\d.* order by o\.city desc limit 100$/,
      ),
      left_out: expect.arrayContaining(["or"]),
      plan: { available: true, text: expect.stringMatching(/Scan .*airports/) },
      indexes: { available: false, reason: expect.stringContaining("index_advisor is not installed") },
    });
  });

  test("has the indexes of index_advisor where it is installed", async () => {
    const sql = postgres(inject("stack").dbUrl, { max: 1, onnotice: () => undefined });
    try {
      await sql.unsafe(`
        create function extensions.index_advisor(query text) returns table (index_statements text[], errors text[])
        language sql as $$ select array['CREATE INDEX ON airports (' || length(query) || ')'], '{}'::text[] $$`);
      expect(await adviceFor({})).toMatchObject({
        indexes: { available: true, statements: [expect.stringMatching(/^CREATE INDEX ON airports \(\d+\)$/)] },
      });
    } finally {
      await sql.unsafe("drop function if exists extensions.index_advisor(text)");
      await sql.end({ timeout: 5 });
    }
  });

  test.each([
    [{ table_name: "gone_away" }],
    [{ operation_type: "create" }],
    [{ table_name: "auth.nothing" }],
    [{ query_data: { method: "GET", search: { truncated: true, bytes: 9, preview: "" } } }],
  ])("of what is no query of a table says so: %j", async (operation) => {
    expect(await adviceFor(operation)).toMatchObject({ statement: null, plan: { available: false } });
  });

  test("of no record is NOT_FOUND", async () => {
    expect(await rejection(waybill.operations.advise(crypto.randomUUID()))).toMatchObject({ code: "NOT_FOUND" });
  });
});
