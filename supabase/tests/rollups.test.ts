import postgres from "postgres";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { insert } from "./database.ts";
import { sealed, validRows } from "./rows.ts";

let sql: postgres.Sql;
const client = "rollups/service_role";

beforeAll(async () => {
  // each flush on a connection of its own: one that is busy would take the others after it
  const options = { max: 4, max_pipeline: 1, connect_timeout: 20, onnotice: () => undefined };
  sql = postgres(inject("stack").dbUrl, options);
  await addClient(client);
});
afterAll(async () => {
  await sql`delete from supabase_clients where client_id like 'rollups%'`;
  for (const table of ["operation_minutes", "operation_hours", "counted_tables"]) {
    await sql`delete from ${sql(`waybill.${table}`)} where client_id like 'rollups%'`;
  }
  await sql`delete from waybill.operation_user_hours where user_id like 'rollups%'`;
  await sql.end({ timeout: 5 });
});

async function addClient(client_id: string): Promise<void> {
  await sql`insert into supabase_clients (client_id, supabase_url, supabase_key, client_type)
    values (${client_id}, 'https://example.supabase.co', ${sealed}, 'service_role')`;
}

let made = 0;
const tag = Math.floor(Math.random() * 2 ** 40);

interface Operation {
  readonly operation_id: string;
  readonly client_id: string;
  readonly [column: string]: unknown;
}

function operation(change: Record<string, unknown> = {}): Operation {
  made += 1;
  const now = Date.now();
  const time = now.toString(16).padStart(12, "0");
  const tail = (tag + made).toString(16).padStart(12, "0");
  return {
    ...validRows.database_operations,
    operation_id: `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail}`,
    client_id: client,
    created_at: new Date(now).toISOString(),
    completed_at: new Date(now + 1).toISOString(),
    user_id: null,
    session_id: null,
    model_id: null,
    schema_version: null,
    ...change,
  };
}

const pending = (of: Operation): Operation => ({
  ...of,
  status: "pending",
  completed_at: null,
  execution_time_ms: null,
  attempts: 0,
});

async function record(...operations: Operation[]): Promise<Record<string, number>> {
  const [row] = await sql<{ counts: Record<string, number> }[]>`
    select record_operations(${JSON.stringify(operations)}::text::jsonb) as counts`;
  return row?.counts ?? {};
}

/** The totals of a table name, which each test has for its own. */
async function totals(table_name: string) {
  const of = async (table: string) =>
    [
      ...(await sql`
      select status, sum(operations)::int as operations, sum(total_ms)::int as ms, to_jsonb(array_agg(distinct latency_bucket order by latency_bucket)) as buckets
      from ${sql(`waybill.${table}`)} where table_name = ${table_name} group by status order by status`),
    ].map((row) => ({ ...row }));
  const minutes = await of("operation_minutes");
  for (const other of ["operation_hours", "operation_minutes_by_table", "operation_hours_by_table"]) {
    expect(await of(other)).toEqual(minutes);
  }
  return minutes;
}

test("an operation counts once, when its outcome is stored, however its rows arrive", async () => {
  const table_name = "counted_once";
  const [first, second, third] = [
    operation({ table_name, execution_time_ms: 1 }),
    operation({ table_name, execution_time_ms: 8 }),
    operation({ table_name, status: "error", error_message: "no", execution_time_ms: 1000 }),
  ];
  expect(await record(pending(first), pending(second))).toMatchObject({ inserted: 2, settled: 0 });
  expect(await totals(table_name)).toEqual([]);
  expect(await record(first, third)).toMatchObject({ inserted: 1, settled: 1 });
  expect(await record(third, first, second, pending(second))).toMatchObject({ settled: 1, unchanged: 2 });
  expect(await record(first, second, third)).toMatchObject({ unchanged: 3 });
  expect(await totals(table_name)).toEqual([
    { status: "error", operations: 1, ms: 1000, buckets: [39] },
    { status: "success", operations: 2, ms: 9, buckets: [0, 12] },
  ]);
});

test("a record without a time taken counts, and its bucket is none", async () => {
  const table_name = "no_time";
  await record(operation({ table_name, execution_time_ms: null, status: "timeout" }));
  expect(await totals(table_name)).toEqual([{ status: "timeout", operations: 1, ms: 0, buckets: [null] }]);
});

test("an answer from memory counts, and the time that it took does not", async () => {
  const table_name = "rollup_cached";
  const cached = operation({ table_name, attempts: 0, execution_time_ms: 1 });
  // as the first row of an operation that was stored as pending, too
  const settled = operation({ table_name, attempts: 0, execution_time_ms: 1 });
  await record(cached, pending(settled));
  await record(settled);
  const refused = operation({
    table_name,
    attempts: 0,
    execution_time_ms: 8,
    status: "error",
    error_message: "no room",
  });
  await record(refused, operation({ table_name, attempts: 1, execution_time_ms: 64 }));
  expect(await totals(table_name)).toEqual([
    { status: "error", operations: 1, ms: 8, buckets: [12] },
    { status: "success", operations: 3, ms: 64, buckets: [24, null] },
  ]);
});

test("each power of two begins a bucket of its own, and a bucket holds what lies before the next", async () => {
  const rows = await sql<{ ms: number; bucket: number }[]>`
    select ms, waybill.latency_bucket(ms) as bucket from generate_series(1, 5000) ms`;
  for (const { ms, bucket } of rows) {
    expect(2 ** (bucket / 4)).toBeLessThanOrEqual(ms + 1e-6);
    expect(2 ** ((bucket + 1) / 4)).toBeGreaterThan(ms);
  }
  const [largest] = await sql`select waybill.latency_bucket(2147483647) as bucket`;
  expect(largest).toEqual({ bucket: 123 });
});

test("minutes and hours are those in which operations began, and users are counted by the hour", async () => {
  const table_name = "times";
  const user_id = "rollups-user";
  const at = (created_at: string) =>
    operation({ table_name, user_id, created_at, completed_at: created_at.replace("Z", "5Z") });
  await record(at("2026-11-20T10:59:59.999Z"), at("2026-11-20T11:00:00.000Z"), at("2026-11-20T11:00:59.000Z"));
  const of = async (table: string, column: string) =>
    (
      await sql<{ at: Date; n: number }[]>`
      select ${sql(column)} as at, sum(operations)::int as n from ${sql(`waybill.${table}`)}
      where table_name = ${table_name} group by 1 order by 1`
    ).map(({ at, n }) => [at.toISOString(), n]);
  expect(await of("operation_minutes", "minute")).toEqual([
    ["2026-11-20T10:59:00.000Z", 1],
    ["2026-11-20T11:00:00.000Z", 2],
  ]);
  expect(await of("operation_hours", "hour")).toEqual([
    ["2026-11-20T10:00:00.000Z", 1],
    ["2026-11-20T11:00:00.000Z", 2],
  ]);
  const users =
    await sql`select operations::int from waybill.operation_user_hours where user_id = ${user_id} order by hour`;
  expect(users.map((row) => ({ ...row }))).toEqual([{ operations: 1 }, { operations: 2 }]);
});

/** Some minute of an hour that lies so many hours back: each test has hours of its own. */
const hoursBack = (hours: number): string =>
  new Date((Math.floor(Date.now() / 3_600_000) - hours) * 3_600_000 + 245_000).toISOString();

test("the totals of all tables together are the sum of those of each", async () => {
  const table_name = "of_all";
  const created_at = hoursBack(60);
  const at = (ms: number, change = {}) =>
    operation({
      table_name,
      created_at,
      completed_at: created_at.replace("Z", "5Z"),
      execution_time_ms: ms,
      ...change,
    });
  await record(at(4), at(4), at(5, { table_name: "of_all_else" }), at(4, { status: "error", error_message: "no" }));
  for (const table of ["operation_minutes_overall", "operation_hours_overall"]) {
    const column = table.includes("minutes") ? "minute" : "hour";
    const found = await sql`
      select status, latency_bucket as bucket, operations::int, total_ms::int from ${sql(`waybill.${table}`)}
      where date_trunc('hour', ${sql(column)}, 'UTC') = date_trunc('hour', ${created_at}::timestamptz, 'UTC') order by status, latency_bucket`;
    expect(found.map((row) => ({ ...row }))).toEqual([
      { status: "error", bucket: 8, operations: 1, total_ms: 4 },
      { status: "success", bucket: 8, operations: 2, total_ms: 8 },
      { status: "success", bucket: 9, operations: 1, total_ms: 5 },
    ]);
  }
});

test("500 tables a client and hour are counted by name, and those beyond as one", { timeout: 60_000 }, async () => {
  const [first, second] = ["rollups-wide-1/service_role", "rollups-wide-2/service_role"] as const;
  for (const client_id of [first, second]) await addClient(client_id);
  const created_at = hoursBack(70);
  const of = (client_id: string, from: number, before: number, change = {}) =>
    Array.from({ length: before - from }, (_, at) => {
      const table_name = `wide_${String(from + at).padStart(4, "0")}`;
      return operation({ client_id, table_name, created_at, completed_at: created_at.replace("Z", "5Z"), ...change });
    });
  const counted = async (client_id: string) => {
    const rows = await sql<{ name: string; n: number }[]>`
      select table_name as name, sum(operations)::int as n from waybill.operation_minutes
      where client_id = ${client_id} group by 1 order by 1`;
    const others = rows.find(({ name }) => name === '"(further tables)"');
    return { names: rows.length - (others === undefined ? 0 : 1), further: others?.n ?? 0 };
  };
  await record(...of(first, 0, 300));
  expect(await counted(first)).toEqual({ names: 300, further: 0 });
  await record(...of(first, 200, 700));
  expect(await counted(first)).toEqual({ names: 500, further: 200 });
  // a name that is counted stays so, and a client's names are its own
  await record(...of(first, 0, 300), ...of(first, 900, 910), ...of(second, 250, 350));
  expect([await counted(first), await counted(second)]).toEqual([
    { names: 500, further: 210 },
    { names: 100, further: 0 },
  ]);
  const known = await sql`select from waybill.counted_tables where client_id = ${second}`;
  expect(known).toHaveLength(100);
  // and so are those of an hour
  const later = hoursBack(69);
  await record(...of(first, 900, 910, { created_at: later, completed_at: later.replace("Z", "5Z") }));
  expect(await counted(first)).toEqual({ names: 510, further: 210 });
  // the record itself keeps its name
  const kept = await sql`select from database_operations where client_id = ${first} and table_name = 'wide_0905'`;
  expect(kept).toHaveLength(2);
});

test("totals a minute are kept for seven days, in every grain, and totals an hour for good", async () => {
  const [old, young] = [hoursBack(7 * 24 + 2), hoursBack(7 * 24 - 2)];
  const at = (created_at: string) =>
    operation({ table_name: "purged", created_at, completed_at: created_at.replace("Z", "5Z") });
  const left = async (table: string, column: string) =>
    (
      await sql<{ at: Date }[]>`select ${sql(column)} as at from ${sql(`waybill.${table}`)}
      where ${sql(column)} in (date_trunc(${column}, ${old}::timestamptz, 'UTC'), date_trunc(${column}, ${young}::timestamptz, 'UTC'))
      group by 1 order by 1`
    ).length;
  const grains = ["", "_by_table", "_overall"];
  const all = async () => ({
    minutes: await Promise.all(grains.map((grain) => left(`operation_minutes${grain}`, "minute"))),
    hours: await Promise.all(grains.map((grain) => left(`operation_hours${grain}`, "hour"))),
    names: await left("counted_tables", "hour"),
  });
  await record(at(old), at(young));
  expect(await all()).toEqual({ minutes: [2, 2, 2], hours: [2, 2, 2], names: 2 });
  await sql`select maintain_operations(30)`;
  expect(await all()).toEqual({ minutes: [1, 1, 1], hours: [2, 2, 2], names: 1 });
});

test("totals outlive the client, the session and the day of what they count", async () => {
  const table_name = "outlived";
  const client_id = "rollups-removed/service_role";
  const session_id = crypto.randomUUID();
  const token_hash = session_id.replaceAll("-", "").padEnd(64, "0");
  await addClient(client_id);
  await sql.begin(async (tx) => {
    await insert(tx, "authentication_contexts", { ...validRows.authentication_contexts, session_id, token_hash });
  });
  const day = Date.UTC(2026, 0, 1);
  const time = day.toString(16).padStart(12, "0");
  const old = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${(tag + made).toString(16).padStart(12, "0")}`;
  await sql`select waybill.make_day(${new Date(day)})`;
  const rows = [
    operation({ table_name, client_id }),
    operation({ table_name, session_id }),
    operation({ table_name, operation_id: old }),
  ];
  await record(...rows);
  const before = await totals(table_name);
  expect(before).toMatchObject([{ operations: 3 }]);
  await sql`delete from supabase_clients where client_id = ${client_id}`;
  await sql`delete from authentication_contexts where session_id = ${session_id}`;
  const [answer] = await sql`select maintain_operations(30) ->> 'dropped' as dropped`;
  expect(answer).toEqual({ dropped: "1" });
  const left = await sql`select from database_operations where table_name = ${table_name}`;
  expect([left.length, await totals(table_name)]).toEqual([0, before]);
});

test("flushes that count the same minutes and settle the same operations wait for each other, never in a circle", async () => {
  const table_name = "crowded";
  const kinds = Array.from({ length: 60 }, (_, n) => ({
    table_name,
    user_id: `rollups-${n % 7}`,
    execution_time_ms: 1 + n * 9,
    schema_version: `1.${n % 5}.0`,
  }));
  const shared = kinds.map((kind) => operation(kind));
  await record(...shared.map(pending));
  const rounds = Array.from({ length: 48 }, (_, round) => {
    // those that share operations wait for each other there already: most meet in the totals alone
    const rows = [...kinds.map((kind) => operation(kind)), ...(round % 6 === 0 ? shared : [])];
    const rotated = [...rows.slice(round), ...rows.slice(0, round)];
    return round % 2 === 0 ? rotated.toReversed() : rotated;
  });
  const counts = await Promise.all(rounds.map((rows) => record(...rows)));
  const sum = (name: string) => counts.reduce((total, answer) => total + (answer[name] ?? 0), 0);
  expect([sum("inserted"), sum("settled")]).toEqual([48 * 60, 60]);
  expect(await totals(table_name)).toMatchObject([{ status: "success", operations: 49 * 60 }]);
});
