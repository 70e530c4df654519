import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createUuidV7 } from "../ledger/index.ts";
import { plainClients, rejection } from "../testing/plain-clients.ts";
import { createOperationStatsStore } from "./operation-stats.ts";

const plain = plainClients();
const store = createOperationStatsStore(plain.service);
const client_id = `stats-${process.pid}/service_role`;
const other_id = `stats-${process.pid}-2/service_role`;
const user = `stats-${randomUUID()}`;
const model_id = randomUUID();
let sql: postgres.Sql;

/** Ten minutes of a day to come, so that no other test's operations are in it, and no other test's upkeep removes it. */
const start = Math.floor(Date.now() / 86_400_000) * 86_400_000 + 4.5 * 86_400_000;
const at = (ms: number): string => new Date(start + ms).toISOString();
const hour = { created_from: at(0), created_before: at(3_600_000) };
const newId = (ms: number): string => createUuidV7(() => start + ms)();

interface Change {
  readonly [column: string]: unknown;
}

function operation(ms: number, change: Change = {}): object {
  return {
    operation_id: newId(ms),
    client_id,
    operation_type: "read",
    table_name: "airports",
    status: "success",
    execution_time_ms: 5,
    created_at: at(ms),
    completed_at: at(ms + 5),
    attempts: 1,
    ...change,
  };
}

const minute = 60_000;
const failed = (message: string): Change => ({ status: "error", error_message: message });

beforeAll(async () => {
  sql = postgres(inject("stack").dbUrl, { max: 1, onnotice: () => undefined });
  const row = { supabase_url: "https://example.supabase.co", supabase_key: `v1:k:${"a".repeat(60)}` };
  for (const id of [client_id, other_id]) {
    await sql`insert into supabase_clients ${sql({ ...row, client_id: id, client_type: "service_role" })}`;
  }
  await sql`insert into data_models ${sql({
    model_id,
    model_name: `Stats${process.pid}`,
    table_name: `stats_${process.pid}`,
    schema_version: "1.0.0",
    fields: sql.json({ type: "object", properties: { id: {} } }),
    created_by: user,
  })}`;
  const operations = [
    ...Array.from({ length: 100 }, (_, n) => operation(n, { execution_time_ms: n + 1, user_id: user })),
    ...Array.from({ length: 3 }, (_, n) =>
      operation(2 * minute + n, { table_name: "routes", ...failed("no such row") }),
    ),
    operation(2 * minute, { status: "timeout", execution_time_ms: null }),
    operation(3 * minute, {
      client_id: other_id,
      model_id,
      schema_version: "1.0.0",
      ...failed("too long ".repeat(99)),
    }),
    operation(4 * minute, { status: "pending", execution_time_ms: null, completed_at: null, attempts: 0 }),
    operation(60 * minute, { table_name: "later", ...failed("later"), user_id: `${user}-later` }),
    operation(-1, { table_name: "earlier", ...failed("earlier"), user_id: `${user}-earlier` }),
  ];
  const { error } = await plain.service.rpc("record_operations", {
    operations: JSON.parse(JSON.stringify(operations)),
  });
  if (error !== null) throw new Error(error.message);
});
afterAll(async () => {
  await sql`delete from supabase_clients where client_id in (${client_id}, ${other_id})`;
  await sql`delete from data_models where model_id = ${model_id}`;
  for (const table of ["operation_minutes", "operation_hours"]) {
    await sql`delete from ${sql(`waybill.${table}`)} where client_id in (${client_id}, ${other_id})`;
  }
  await sql`delete from waybill.operation_user_hours where user_id like ${`${user}%`}`;
  await sql.end({ timeout: 5 });
  await plain[Symbol.asyncDispose]();
});

describe.each(["minute", "hour"] as const)("the totals by the %s", (step) => {
  test("count what began in the time, and give percentiles within a tenth", async () => {
    const { totals } = await store.stats({ ...hour, step, parts: ["totals"] });
    expect(totals).toMatchObject({ operations: 105, errors: 4, timeouts: 1, total_ms: 5050 + 20 });
    for (const [share, found] of [
      [0.5, totals?.p50_ms],
      [0.95, totals?.p95_ms],
      [0.99, totals?.p99_ms],
    ] as const) {
      expect(Math.abs((found ?? 0) / (100 * share) - 1)).toBeLessThan(0.1);
    }
  });

  test("say which tables, clients, models and users did most", async () => {
    const answer = await store.stats({ ...hour, step });
    expect(answer.tables).toMatchObject([
      { table_name: "airports", operations: 102, errors: 1, timeouts: 1 },
      { table_name: "routes", operations: 3, errors: 3, p50_ms: 5, p99_ms: 5 },
    ]);
    expect(answer.clients?.map((row) => [row.client_id, row.operations])).toEqual([
      [client_id, 104],
      [other_id, 1],
    ]);
    expect(answer.models?.map((row) => [row.model_id, row.schema_version, row.operations])).toEqual([
      [null, null, 104],
      [model_id, "1.0.0", 1],
    ]);
    expect(answer.users).toEqual([{ user_id: user, operations: 100, errors: 0, timeouts: 0, total_ms: 5050 }]);
    expect(answer.errors).toEqual([
      {
        status: "error",
        table_name: "routes",
        error_message: "no such row",
        operations: 3,
        last_at: expect.any(String),
      },
      expect.objectContaining({ error_message: "too long ".repeat(99).slice(0, 300), operations: 1 }),
      expect.objectContaining({ status: "timeout", table_name: "airports", error_message: null, operations: 1 }),
    ]);
  });

  test("are narrowed by every filter", async () => {
    const count = async (filter: object) => await store.stats({ ...hour, step, parts: ["totals", "users"], ...filter });
    expect((await count({ client_id: other_id })).totals?.operations).toBe(1);
    expect((await count({ table_name: "routes" })).totals?.operations).toBe(3);
    expect((await count({ status: "timeout" })).totals).toMatchObject({ operations: 1, p50_ms: null, p95_ms: null });
    expect((await count({ model_id })).totals?.operations).toBe(1);
    expect((await count({ operation_type: "delete" })).totals).toBeNull();
    // users are counted apart
    expect((await count({ table_name: "routes" })).users).toBeNull();
  });
});

test("the series has a point for each minute in which something began, and only the parts asked for are there", async () => {
  const answer = await store.stats({ ...hour, step: "minute", parts: ["series"] });
  expect(answer.series?.map((point) => [Date.parse(point.at) - start, point.operations, point.errors])).toEqual([
    [0, 100, 0],
    [2 * minute, 4, 3],
    [3 * minute, 1, 1],
  ]);
  expect(Object.keys(answer).sort()).toEqual(["created_before", "created_from", "series", "step"]);
});

test("a step is counted whole, where the time begins in it and where it ends in it", async () => {
  const count = async (from: number, before: number) => {
    const range = { created_from: at(from), created_before: at(before), step: "minute" as const };
    return (await store.stats({ ...range, parts: ["totals"] })).totals?.operations;
  };
  expect(await count(minute - 1, minute)).toBe(100);
  expect(await count(minute, 2 * minute)).toBeUndefined();
  expect(await count(minute, 2 * minute + 1)).toBe(4);
});

test("of the errors the twenty most frequent are there, the latest of equals first", async () => {
  const from = 120 * minute;
  const kinds = Array.from({ length: 22 }, (_, n) => operation(from + n, failed(`kind ${n}`)));
  const operations = [...kinds, operation(from, failed("kind 0"))];
  const input = { operations: JSON.parse(JSON.stringify(operations)) };
  expect((await plain.service.rpc("record_operations", input)).error).toBeNull();
  const range = { created_from: at(from), created_before: at(from + minute) };
  const { errors } = await store.stats({ ...range, parts: ["errors"] });
  const latest = Array.from({ length: 19 }, (_, n) => `kind ${21 - n}`);
  expect(errors?.map(({ error_message }) => error_message)).toEqual(["kind 0", ...latest]);
});

test("a percentile is within a tenth or a millisecond, also where all took the same time", async () => {
  const times = [1, 2, 3, 4, 5, 6, 7, 9, 17, 91, 107, 1000, 59_999];
  const operations = times.flatMap((execution_time_ms) => {
    const change = { table_name: `same_${execution_time_ms}`, execution_time_ms };
    return [operation(90 * minute, change), operation(90 * minute, change)];
  });
  const input = { operations: JSON.parse(JSON.stringify(operations)) };
  expect((await plain.service.rpc("record_operations", input)).error).toBeNull();
  const range = { created_from: at(90 * minute), created_before: at(91 * minute) };
  const { tables } = await store.stats({ ...range, step: "minute", parts: ["tables"] });
  for (const time of times) {
    const found = tables?.find((row) => row.table_name === `same_${time}`);
    for (const share of [found?.p50_ms, found?.p99_ms]) {
      expect(Math.abs((share ?? 0) - time)).toBeLessThanOrEqual(Math.max(1, time / 10));
    }
  }
});

test("without a time it is the hour until now, and a long one goes by the hour", async () => {
  const { created_from, created_before, step } = await store.stats({ parts: ["totals"] });
  expect([Date.parse(created_before) - Date.parse(created_from), step]).toEqual([3_600_000, "minute"]);
  expect(
    (await store.stats({ created_from: at(-48 * 3_600_000), created_before: at(0), parts: ["totals"] })).step,
  ).toBe("hour");
});

test("a time whose minutes are kept no more goes by the hour, if nothing else is asked for", async () => {
  const daysAgo = (days: number) => new Date(Date.now() - days * 24 * 3_600_000).toISOString();
  const stepOf = async (created_from: string, created_before: string) =>
    (await store.stats({ created_from, created_before, parts: ["totals"] })).step;
  expect(await stepOf(daysAgo(6.9), daysAgo(6.8))).toBe("minute");
  expect(await stepOf(daysAgo(7.1), daysAgo(6.9))).toBe("hour");
});

test.each([
  { created_from: at(1), created_before: at(1) },
  { created_from: at(0), created_before: at(1501 * minute), step: "minute" as const },
  { created_from: at(0), created_before: at(1501 * 60 * minute) },
  { created_from: "9999-01-01T00:00:00Z" },
  { created_from: "2000-01-01T00:00:00Z" },
  { parts: [] },
])("a time that holds no or too many points is refused: %j", async (input) => {
  expect(await rejection(store.stats(input))).toMatchObject({ code: "VALIDATION_FAILED" });
});

test("retention shows the partitions, oldest first, from today on at least", async () => {
  await sql`select maintain_operations(3650)`;
  const { partitions, last_upkeep } = await store.retention();
  expect(partitions.length).toBeGreaterThanOrEqual(8);
  expect(partitions.map(({ before }) => before)).toEqual(partitions.map(({ before }) => before).toSorted());
  const today = new Date().toISOString().slice(0, 10);
  expect(partitions.find(({ name }) => name.endsWith(today.replaceAll("-", "")))).toMatchObject({
    from: expect.stringContaining(`${today}T00:00:00`),
    bytes: expect.any(Number),
  });
  expect(last_upkeep).toMatchObject({ postponed: false });
});

test("no user asks for any of it", async () => {
  const user = await plain.signUp();
  const asUser = createOperationStatsStore(user.client);
  expect(await rejection(asUser.stats())).toMatchObject({ code: "RLS_DENIED" });
  expect(await rejection(asUser.retention())).toMatchObject({ code: "RLS_DENIED" });
});
