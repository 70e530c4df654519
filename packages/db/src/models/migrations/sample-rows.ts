import { tableNamed } from "./catalog.ts";
import { isRefusal, MigrationError, sqlstateOf, stopped } from "./migration-error.ts";
import { plainName, quoteIdent } from "./names.ts";
import { plainColumns, type Shape } from "./shape.ts";
import type { SqlSession } from "./sql-session.ts";

/**
 * Rows by table, as Postgres's `to_jsonb` writes them: as its text, or as an object where JavaScript can hold every number.
 * What their foreign keys point to must be among them.
 */
export type SampleRows = Readonly<Record<string, readonly (string | Readonly<Record<string, unknown>>)[]>>;

/** Fills the scratch database. Triggers and foreign keys sleep meanwhile: rows may come in any order, and come as they are. */
export async function insertRows(session: SqlSession, shape: Shape, rows: SampleRows): Promise<void> {
  for (const [given, list] of Object.entries(rows)) {
    const table = await tableNamed(session, given);
    const names = new Set(list.flatMap((row) => Object.keys(typeof row === "string" ? textsOf(JSON.parse(row)) : row)));
    const columns = plainColumns(shape.get(table) ?? { columns: [], ...nothing }).filter(({ name }) => names.has(name));
    if (list.length === 0 || columns.length === 0) continue;
    const columnList = columns.map(({ name }) => quoteIdent(name)).join(", ");
    const rowTexts = list.map((row) => (typeof row === "string" ? row : JSON.stringify(row)));
    try {
      await session.exec("set local session_replication_role = replica");
      await session.query(
        `insert into ${table} (${columnList}) overriding system value
        select ${columnList} from jsonb_populate_recordset(null::${table}, $1::text::jsonb)`,
        [`[${rowTexts.join(",")}]`],
      );
      await session.exec("set local session_replication_role = origin");
    } catch (error) {
      if (!isRefusal(error)) throw stopped(error, "Filling the scratch database");
      const sqlstate = sqlstateOf(error);
      throw new MigrationError(
        "ROWS_DO_NOT_FIT",
        `The sample of rows does not fit the table ${plainName(table)} as it is (SQLSTATE ${sqlstate}).`,
        "Take the sample from the table as it is, each row as to_jsonb writes it.",
        { sqlstate, rows: { table: plainName(table), count: null, example: null } },
      );
    }
  }
}

const nothing = { schema: "", name: "", key: [], constraints: [], uniqueIndexes: [] };

/** Each row as an object of its columns' JSON texts, so that no digit of a number is lost. */
export type ReadRow = Readonly<Record<string, string>>;

export async function readRows(session: SqlSession, table: string): Promise<ReadRow[]> {
  const rows = await session.query(
    `select (select jsonb_object_agg(key, value::text) from jsonb_each(to_jsonb(t.*)))::text as row from ${table} t`,
  );
  return rows.map((row) => textsOf(JSON.parse(String(row["row"]))));
}

function textsOf(value: unknown): ReadRow {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]));
}

/** How many of these rows are not among the others, seen through some columns only. */
export function missingRows(
  rows: readonly ReadRow[],
  others: readonly ReadRow[],
  columns: readonly { readonly name: string; readonly otherName: string }[],
): number {
  const counts = new Map<string, number>();
  for (const row of others) {
    const text = JSON.stringify(columns.map(({ otherName }) => row[otherName]));
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  let missing = 0;
  for (const row of rows) {
    const text = JSON.stringify(columns.map(({ name }) => row[name]));
    const left = counts.get(text) ?? 0;
    if (left === 0) missing++;
    else counts.set(text, left - 1);
  }
  return missing;
}
