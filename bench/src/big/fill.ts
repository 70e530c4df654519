import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Sql } from "postgres";

/** The last whole minute when it was filled, which the rows end at, and how many they are. */
export interface Filled {
  readonly end: Date;
  readonly rows: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const DAYS = 29;
/** The oldest days are large ones, for those are dropped first. */
export const LARGE_DAYS = 3;
const A_LARGE_DAY = 500_000;
const A_DAY = 55_000;
const LAST_HOUR = 1_000_000;
/** Between the days and the last hour, a day and somewhat more. */
const LATELY = 5_000_000 - LAST_HOUR - LARGE_DAYS * A_LARGE_DAY - (DAYS - LARGE_DAYS) * A_DAY;
/** Of the flush, about: 512 KB. */
const BATCH = 800;
const SLICE = 100_000;
const PENDING = 20;

interface Slice {
  readonly from: number;
  readonly before: number;
  readonly rows: number;
}

/**
 * Fills an empty ledger with 5,000,000 operations of 30 days, their totals counted by the function that counts for the
 * flush. Those of the last hour come through the flush's own function, so that tables and totals look as it leaves them.
 * Then the statistics are made, as autovacuum makes them: of each partition, not of the whole.
 *
 * @param sql with two connections at least, as the owner
 */
export async function fillLedger(sql: Sql): Promise<Filled> {
  await sql.unsafe(await readFile(join(import.meta.dirname, "ledger.sql"), "utf8")).simple();
  const end = Math.floor(Date.now() / 60_000) * 60_000;
  const lastHour = end - HOUR;
  const lately = Math.floor((end - DAY) / DAY) * DAY;
  await sql`select waybill.make_day(d) from generate_series(
    ${new Date(lately - DAYS * DAY)}::timestamptz, date_trunc('day', now(), 'UTC') - interval '1 day', interval '1 day'
  ) d`;

  const days = Array.from({ length: DAYS }, (_, at) => {
    const day = lately - (DAYS - at) * DAY;
    return split(day, day + DAY, at < LARGE_DAYS ? A_LARGE_DAY : A_DAY, SLICE);
  });
  const bulk = [...days.flat(), ...split(lately, lastHour, LATELY, SLICE)];
  await byTwo(bulk, (slice) => storeAtOnce(sql, slice));
  const batches = split(lastHour, end, LAST_HOUR - PENDING, BATCH);
  await byTwo(batches, (slice) => recordBatch(sql, slice, {}));
  await recordBatch(
    sql,
    { from: end - 1000, before: end, rows: PENDING },
    {
      status: "pending",
      completed_at: null,
      execution_time_ms: null,
      response_data: null,
      error_message: null,
    },
  );
  await sql`select bench.analyze_tables()`;
  const [counted] = await sql<{ rows: number }[]>`select count(*)::integer as rows from database_operations`;
  return { end: new Date(end), rows: counted?.rows ?? 0 };
}

function split(from: number, before: number, rows: number, most: number): Slice[] {
  const parts = Math.ceil(rows / most);
  const at = (part: number): number => from + ((before - from) * part) / parts;
  return Array.from({ length: parts }, (_, part) => ({
    from: at(part),
    before: at(part + 1),
    rows: Math.floor((rows * (part + 1)) / parts) - Math.floor((rows * part) / parts),
  }));
}

/** In the order of time, two at once. */
async function byTwo(slices: readonly Slice[], store: (slice: Slice) => Promise<void>): Promise<void> {
  const left = slices.values();
  const worker = async (): Promise<void> => {
    for (const slice of left) await store(slice);
  };
  await Promise.all([worker(), worker()]);
}

async function storeAtOnce(sql: Sql, { from, before, rows }: Slice): Promise<void> {
  await sql.begin(async (tx) => {
    // without a look at each of the rows that they refer to, which are there
    await tx`set local session_replication_role = replica`;
    await tx`select bench.store(${new Date(from)}, ${new Date(before)}, ${rows})`;
  });
}

async function recordBatch(sql: Sql, { from, before, rows }: Slice, change: object): Promise<void> {
  await sql`select record_operations((
    select jsonb_agg(to_jsonb(o) || ${JSON.stringify(change)}::text::jsonb)
    from bench.operations(${new Date(from)}, ${new Date(before)}, ${rows}) o
  ))`;
}
