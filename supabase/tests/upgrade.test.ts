import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { expect, inject, test } from "vitest";
import { connect, insert, type Sql } from "./database.ts";
import { validRows } from "./rows.ts";

const folder = join(import.meta.dirname, "..", "migrations");
/** The first migration that partitions the ledger. */
const partitioned = "20261124000001";

const asHosted = `
  create schema auth;
  create function auth.uid() returns uuid language sql stable as $$ select null::uuid $$;
  alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
`;

async function apply(sql: Sql, wanted: (name: string) => boolean): Promise<void> {
  for (const name of (await readdir(folder)).sort().filter(wanted)) {
    await sql.begin(async (tx) => await tx.unsafe(await readFile(join(folder, name), "utf8")));
  }
}

test("a ledger that is in use keeps its rows, rules and rights when it is partitioned", async () => {
  await using admin = connect();
  const url = new URL(inject("stack").dbUrl);
  url.pathname = "/upgrade";
  await admin.unsafe("create database upgrade template template0");
  const sql = postgres(url.href, { max: 1, onnotice: () => undefined });
  const all = async () => [...(await sql`select to_jsonb(o) as row from database_operations o order by operation_id`)];
  const rights = async () => [
    ...(await sql`
      select a.attname, a.attacl::text from pg_attribute a
      where a.attrelid = 'database_operations'::regclass and a.attnum > 0 order by 1`),
    ...(await sql`select relacl::text, relrowsecurity from pg_class where oid = 'database_operations'::regclass`),
    ...(await sql`select polname, pg_get_expr(polqual, polrelid) from pg_policy where polrelid = 'database_operations'::regclass`),
    ...(await sql`
      select conname, pg_get_constraintdef(oid) as rule from pg_constraint
      where conrelid = 'database_operations'::regclass and contype <> 'n' order by 1`),
    ...(await sql`select relacl::text, pg_get_viewdef(oid) from pg_class where oid = 'own_operations'::regclass`),
  ];
  try {
    await sql.unsafe(asHosted);
    await apply(sql, (name) => name < partitioned);
    await sql.begin(async (tx) => {
      const others = { session_id: null, model_id: null };
      await insert(tx, "supabase_clients", validRows.supabase_clients);
      const hour = 3_600_000;
      for (const hours of [-10_000, -1, 0, 200]) {
        const time = (Date.now() + hours * hour).toString(16).padStart(12, "0");
        const operation_id = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000001`;
        await insert(tx, "database_operations", { ...validRows.database_operations, ...others, operation_id });
      }
      const operation_id = "ffffffff-ffff-4fff-bfff-ffffffffffff";
      await insert(tx, "database_operations", { ...validRows.database_operations, ...others, operation_id });
    });
    const before = { rows: await all(), rights: await rights() };
    await apply(sql, (name) => name >= partitioned);
    expect({ rows: await all(), rights: await rights() }).toEqual(before);
    const places =
      await sql`select tableoid::regclass::text as name, count(*)::int from database_operations group by 1 order by 1`;
    expect(places.map((row) => ({ ...row }))).toEqual([
      { name: "waybill.database_operations_before", count: 3 },
      { name: "waybill.database_operations_default", count: 2 },
    ]);
    // what was there already is in the totals too
    const [totals] = await sql`select sum(operations)::int as operations from waybill.operation_hours`;
    expect(totals).toEqual({ operations: 5 });
  } finally {
    await sql.end({ timeout: 5 });
    await admin.unsafe("drop database upgrade with (force)");
  }
});
