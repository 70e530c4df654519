import { type DataModelCreate, quoteIdentifier } from "@waybill/contracts";
import { z } from "zod";
import { inLiveRead, type LiveReadOptions } from "../migrations/live-read.ts";
import type { SampleRows } from "../migrations/sample-rows.ts";
import type { SqlSession } from "../migrations/sql-session.ts";
import { shapeOf } from "../model-shape.ts";
import { type Link, linksOf, type OldNames } from "./links.ts";

export interface LiveSampleOptions extends LiveReadOptions {
  readonly before: readonly DataModelCreate[];
  readonly after: readonly DataModelCreate[];
  readonly old: OldNames;
  /** Rows of each table, besides those that others refer to. 0 reads nothing. */
  readonly limit: number;
}

/** A longer row is left out. */
const rowBytes = 65_536;
/** Of one table, and of all: they are held in this process and sent to the scratch database at once. */
const tableBytes = 8 * 1_048_576;
const allBytes = 32 * 1_048_576;
/** How far rows that refer to rows are followed; what is still missing then takes those who miss it out. */
const rounds = 5;

/** A row as Postgres writes it, and as it is looked into. */
interface Sampled {
  readonly text: string;
  readonly values: Readonly<Record<string, unknown>>;
}
type Samples = Map<string, Map<string, Sampled>>;

const foundSchema = z.array(z.object({ row: z.string() }));
const valuesSchema = z.record(z.string(), z.unknown());

/**
 * Some rows of each table as it is before a change, with all rows that they refer to, before it or after it.
 *
 * @throws MigrationError `MIGRATION_BUSY`, `MIGRATION_TIMEOUT`, `DATABASE_UNREACHABLE`, `PLAN_FAILED`
 */
export async function liveSample({ before, after, old, limit, ...live }: LiveSampleOptions): Promise<SampleRows> {
  if (limit === 0 || before.length === 0) return {};
  const links = linksOf(before, after, old);
  const samples: Samples = new Map(before.map(({ table_name }) => [table_name, new Map()]));
  await inLiveRead(live, async (session) => {
    // the table of a model that is no longer used may be gone, which is no affair of a plan beside it
    for (const table of await missingOf(session, [...samples.keys()])) samples.delete(table);
    for (const table of samples.keys()) await read(session, samples, table, `limit ${Math.trunc(limit)}`);
    for (let round = 0; round < rounds; round += 1) {
      const sizes = [...samples.values()].map(({ size }) => size).join();
      for (const link of links) await follow(session, link, samples, typesOf(before, link));
      if ([...samples.values()].map(({ size }) => size).join() === sizes) break;
    }
  });
  dropDangling(samples, links);
  return Object.fromEntries(
    [...samples].map(([table, rows]) => [
      `public.${quoteIdentifier(table)}`,
      [...rows.values()].map(({ text }) => text),
    ]),
  );
}

function typesOf(before: readonly DataModelCreate[], { other, otherColumns }: Link): string[] {
  const model = before.find(({ table_name }) => table_name === other);
  const types = model === undefined ? undefined : shapeOf(model).types;
  return otherColumns.map((column) => types?.get(column)?.name ?? "text");
}

async function missingOf(session: SqlSession, tables: readonly string[]): Promise<string[]> {
  const found = await session.query(
    `select given.name from jsonb_array_elements_text($1::text::jsonb) as given (name)
    where to_regclass(format('public.%I', given.name)) is null`,
    [JSON.stringify(tables)],
  );
  return found.map(({ name }) => String(name));
}

/** Adds rows of a table to its sample, as many as there is room for. */
async function read(
  session: SqlSession,
  samples: Samples,
  table: string,
  rest: string,
  parameters: readonly string[] = [],
): Promise<void> {
  const rows = samples.get(table);
  const held = [...samples.values()].reduce((sum, some) => sum + bytesOf(some), 0);
  const room = rows === undefined ? 0 : Math.min(tableBytes - bytesOf(rows), allBytes - held);
  if (rows === undefined || room <= 0) return;
  const found = await session.query(
    `select s.row from (
      select c.row, sum(octet_length(c.row)) over (rows unbounded preceding) as bytes
      from (select to_jsonb(t)::text as row from public.${quoteIdentifier(table)} t ${rest}) c
      where octet_length(c.row) <= ${rowBytes}) s
    where s.bytes <= ${room}`,
    parameters,
  );
  for (const { row } of foundSchema.parse(found)) {
    rows.set(row, { text: row, values: valuesSchema.parse(JSON.parse(row)) });
  }
}

function bytesOf(rows: ReadonlyMap<string, Sampled>): number {
  let bytes = 0;
  for (const text of rows.keys()) bytes += Buffer.byteLength(text);
  return bytes;
}

/** Reads the rows that those of the link's table refer to and that are not there yet. */
async function follow(session: SqlSession, link: Link, samples: Samples, types: readonly string[]): Promise<void> {
  const others = samples.get(link.other);
  if (others === undefined) return;
  const there = new Set([...others.values()].map((row) => keyOf(row, link.otherColumns)));
  const missing = new Map<string, unknown[]>();
  for (const row of samples.get(link.table)?.values() ?? []) {
    const key = keyOf(row, link.columns);
    if (key !== null && !there.has(key))
      missing.set(
        key,
        link.columns.map((column) => row.values[column]),
      );
  }
  if (missing.size === 0) return;
  const names = link.otherColumns.map((_, index) => `k${index}`);
  const wanted = [...missing.values()].map((values) => Object.fromEntries(names.map((name, at) => [name, values[at]])));
  const list = link.otherColumns.map((column) => `t.${quoteIdentifier(column)}`).join(", ");
  const typed = names.map((name, at) => `${name} ${types[at]}`).join(", ");
  const rest = `where (${list}) in (
    select ${names.join(", ")} from jsonb_to_recordset($1::text::jsonb) as wanted (${typed}))`;
  await read(session, samples, link.other, rest, [JSON.stringify(wanted)]);
}

/** Rows whose others could not be had would break a foreign key that holds. */
function dropDangling(samples: Samples, links: readonly Link[]): void {
  let dropped: boolean;
  do {
    dropped = false;
    for (const { table, columns, other, otherColumns } of links) {
      const there = new Set([...(samples.get(other)?.values() ?? [])].map((row) => keyOf(row, otherColumns)));
      const rows = samples.get(table);
      for (const [text, row] of rows ?? []) {
        const key = keyOf(row, columns);
        if (key === null || there.has(key)) continue;
        rows?.delete(text);
        dropped = true;
      }
    }
  } while (dropped);
}

/** Null where a column holds no value: such a row refers to nothing (match simple). */
function keyOf({ values }: Sampled, columns: readonly string[]): string | null {
  const key = columns.map((column) => values[column] ?? null);
  return key.includes(null) ? null : JSON.stringify(key);
}
