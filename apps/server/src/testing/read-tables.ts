import { openSql } from "./sql.ts";

export interface Tables {
  /** Everything in the public tables, one text a table. */
  readonly tables: readonly { readonly where: string; readonly text: string }[];
  /** Those that Auth has, which are secrets of the run. */
  readonly refreshTokens: readonly string[];
}

/** What the database of a stack holds, for the search for secrets. */
export async function readTables(dbUrl: string): Promise<Tables> {
  const sql = openSql(dbUrl);
  try {
    const names = await sql<{ name: string }[]>`
      select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'waybill')`;
    const tables = [];
    for (const { name } of names) {
      const rows = await sql<{ text: string }[]>`select t::text as text from ${sql.unsafe(name)} as t`;
      tables.push({ where: `table ${name}`, text: rows.map(({ text }) => text).join("\n") });
    }
    const tokens = await sql<{ token: string }[]>`select token from auth.refresh_tokens`;
    return { tables, refreshTokens: tokens.map(({ token }) => token) };
  } finally {
    await sql.end();
  }
}
