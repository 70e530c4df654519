import { expect, test } from "vitest";
import { connect, insert, refusal, rolledBack, type Transaction } from "./database.ts";
import { ids, tables, validRows } from "./rows.ts";

async function insertAll(tx: Transaction): Promise<void> {
  for (const table of tables) await insert(tx, table, validRows[table]);
}

test("removing a client removes its operations", async () => {
  await using sql = connect();
  const left = await rolledBack(sql, async (tx) => {
    await insertAll(tx);
    await tx`delete from supabase_clients where client_id = ${ids.client}`;
    return await tx`select operation_id from database_operations`;
  });
  expect(left).toHaveLength(0);
});

test("removing a session removes its operations, and no others", async () => {
  await using sql = connect();
  const left = await rolledBack(sql, async (tx) => {
    await insertAll(tx);
    const other = { ...validRows.database_operations, operation_id: ids.otherOperation, session_id: null };
    await insert(tx, "database_operations", other);
    await tx`delete from authentication_contexts where session_id = ${ids.session}`;
    return await tx`select operation_id from database_operations`;
  });
  expect(left.map((row) => row["operation_id"])).toEqual([ids.otherOperation]);
});

test("removing a model leaves its operations with the version they ran under, and takes its versions along", async () => {
  await using sql = connect();
  const left = await rolledBack(sql, async (tx) => {
    await insertAll(tx);
    await tx`delete from data_models where model_id = ${ids.model}`;
    const operations = await tx`select model_id, schema_version from database_operations`;
    return { operations: [...operations], versions: await tx`select from data_model_versions` };
  });
  expect(left.operations).toEqual([{ model_id: null, schema_version: "1.0.0" }]);
  expect(left.versions).toHaveLength(0);
});

test("an update of a model sets updated_at, whatever the caller writes", async () => {
  await using sql = connect();
  const times = await rolledBack(sql, async (tx) => {
    await insertAll(tx);
    const stamps = [];
    for (const written of ["2000-01-01T00:00:00Z", "2026-11-22T10:00:00Z"]) {
      await tx`update data_models set fields = fields, updated_at = ${written}`;
      const [row] = await tx<{ at: string }[]>`
        select updated_at::text as at from data_models where updated_at > ${validRows.data_models.updated_at}`;
      stamps.push(row?.at);
    }
    return stamps;
  });
  expect(times[0]).toBeDefined();
  // microseconds apart, in one transaction: the clock and not the transaction's beginning
  expect(times[1]).not.toBe(times[0]);
});

test("a model and its version are written together or not at all", async () => {
  await using sql = connect();
  const { model_name, table_name, schema_version, fields, created_by } = validRows.data_models;
  const model = JSON.stringify({ model_name, table_name, schema_version, fields, created_by });
  const changes = JSON.stringify({ schema_version: "1.1.0", relationships: [{ to: "routes" }], changed_by: "someone" });
  const after = await rolledBack(sql, async (tx) => {
    const [made] = await tx<{ model_id: string }[]>`select model_id from create_data_model(${model}::text::jsonb)`;
    const id = made?.model_id ?? "";
    const first = await tx`select model_id from update_data_model(${id}, '1.0.0', ${changes}::text::jsonb)`;
    const late = await tx`select model_id from update_data_model(${id}, '1.0.0', ${changes}::text::jsonb)`;
    const versions = await tx`
      select schema_version, relationships, created_by from data_model_versions order by schema_version`;
    return { first: first.length, late: late.length, versions: [...versions] };
  });
  expect(after).toEqual({
    first: 1,
    late: 0,
    versions: [
      { schema_version: "1.0.0", relationships: null, created_by },
      { schema_version: "1.1.0", relationships: [{ to: "routes" }], created_by: "someone" },
    ],
  });
  const nameless = JSON.stringify({ schema_version: "1.1.0" });
  const refused = await refusal(
    rolledBack(sql, async (tx) => {
      await insertAll(tx);
      await tx`select * from update_data_model(${ids.model}, '1.0.0', ${nameless}::text::jsonb)`;
    }),
  );
  expect(refused).toMatchObject({ code: "23502", column: "created_by" });
});

test("every table in public has row level security on", async () => {
  await using sql = connect();
  const open = await sql`
    select relname from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relrowsecurity`;
  expect(open.map((row) => row["relname"])).toEqual([]);
});

/** Run as who calls, within its own rights. */
const forCallers = new Set(["write_rows", "aggregate_rows", "try_row"]);

test("no function in public is there for anon or authenticated to call, but what runs as its caller", async () => {
  await using sql = connect();
  const callable = await sql`
    select p.proname as name, r.rolname as role, p.prosecdef as as_owner
    from pg_proc p, pg_roles r
    where p.pronamespace = 'public'::regnamespace and r.rolname in ('anon', 'authenticated')
      and has_function_privilege(r.oid, p.oid, 'execute')
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')`;
  const fine = (row: Readonly<Record<string, unknown>>) =>
    forCallers.has(String(row["name"])) && row["role"] === "authenticated" && row["as_owner"] === false;
  expect(callable.filter((row) => !fine(row)).map((row) => ({ ...row }))).toEqual([]);
});

test("every function in public pins its search_path", async () => {
  await using sql = connect();
  const loose = await sql`
    select p.oid::regprocedure::text as function from pg_proc p
    where p.pronamespace = 'public'::regnamespace
      and not coalesce(p.proconfig::text, '') like '%search_path%'
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')`;
  expect(loose.map((row) => ({ ...row }))).toEqual([]);
});

test("what callers' own functions use is for signed-in users alone, and what runs as the owner pins its search_path", async () => {
  await using sql = connect();
  const found = await sql`
    select p.proname as name, p.prosecdef as as_owner, coalesce(array_to_string(p.proconfig, ','), '') like '%search_path=""%' as pinned,
      array(select r.rolname::text from pg_roles r where r.rolname in ('anon', 'authenticated', 'service_role')
        and has_function_privilege(r.oid, p.oid, 'execute')) as callers
    from pg_proc p where p.pronamespace = 'waybill_calls'::regnamespace order by 1`;
  const callers = ["authenticated"];
  expect(found.map((row) => ({ ...row }))).toEqual([
    { name: "claim_key", as_owner: true, pinned: true, callers },
    { name: "condition", as_owner: false, pinned: true, callers },
    { name: "measured", as_owner: false, pinned: true, callers },
    { name: "settle_key", as_owner: true, pinned: true, callers },
    { name: "write_row", as_owner: false, pinned: false, callers },
  ]);
  const held = await sql`
    select r.rolname::text as role from pg_roles r
    where r.rolname in ('anon', 'authenticated', 'service_role')
      and has_table_privilege(r.oid, 'waybill.idempotency_keys', 'select, insert, update, delete')`;
  expect(held.map((row) => row["role"])).toEqual([]);
});
