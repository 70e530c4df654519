import type { Sql } from "../testing/sql.ts";

/**
 * Every table's rows as one checksum. Left out, because they record the refused requests themselves: the ledger, the
 * clients' counters, last use and history, and of the sessions their last activity.
 */
export async function checksums(sql: Sql): Promise<Record<string, string>> {
  const tables = await sql<{ name: string }[]>`
    select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema in ('public', 'auth', 'storage')
      and table_name not in ('database_operations', 'supabase_clients', 'supabase_client_transitions')
    order by 1`;
  const sums: Record<string, string> = {};
  for (const { name } of tables) {
    const [row] = await sql<{ sum: string; rows: string }[]>`
      select md5(coalesce(string_agg(line, ',' order by line), '')) as sum, count(*)::text as rows
      from (select (to_jsonb(t) - 'last_activity')::text as line from ${sql.unsafe(name)} t) lines`;
    sums[name] = `${row?.rows} rows, ${row?.sum}`;
  }
  return sums;
}
