import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { expect, inject, test } from "vitest";
import { connect } from "./database.ts";

const folder = join(import.meta.dirname, "..", "migrations");

/** A database with what a hosted project has, whose owner may do what `postgres` may there: it is no superuser. */
const asHosted = `
  create schema auth;
  create function auth.uid() returns uuid language sql stable as
    $$ select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
  grant usage on schema auth to hosted_owner, anon, authenticated, service_role;
  grant usage on schema public to anon, authenticated, service_role;
  alter default privileges for role hosted_owner in schema public
    grant all on tables to anon, authenticated, service_role;
  alter default privileges for role hosted_owner in schema public
    grant all on functions to anon, authenticated, service_role;
`;

test("an owner without a superuser's rights, as a hosted project has, applies the migrations", async () => {
  await using admin = connect();
  const url = new URL(inject("stack").dbUrl);
  url.pathname = "/hosted";
  await admin.unsafe("create role hosted_owner nosuperuser createrole bypassrls");
  await admin.unsafe("create database hosted owner hosted_owner template template0");
  const sql = postgres(url.href, { max: 1, onnotice: () => undefined });
  try {
    await sql.unsafe(asHosted);
    await sql.unsafe("set role hosted_owner");
    for (const file of (await readdir(folder)).sort()) {
      await sql.begin(async (tx) => await tx.unsafe(await readFile(join(folder, file), "utf8")));
    }
    const rights = await sql`
      select c.relname as table, string_agg(r.rolname || ' ' || p, ', ' order by r.rolname, p) as rights
      from pg_class c, pg_roles r,
        unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) p
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v')
        and r.rolname in ('anon', 'authenticated', 'service_role') and has_table_privilege(r.rolname, c.oid, p)
      group by c.relname order by c.relname`;
    const written = "service_role delete, service_role insert, service_role select, service_role update";
    expect(rights.map((row) => [row["table"], row["rights"]])).toEqual([
      ["authentication_contexts", written],
      ["data_model_versions", written],
      ["data_models", `authenticated select, ${written}`],
      ["database_operations", written],
      ["model_migrations", "service_role delete, service_role insert, service_role select"],
      ["operations_out_of_step", "service_role select"],
      ["own_operations", "authenticated select"],
      ["own_operations_out_of_step", "authenticated select"],
      ["supabase_client_transitions", "service_role select"],
      ["supabase_clients", written],
    ]);
  } finally {
    await sql.end({ timeout: 5 });
    await admin.unsafe("drop database hosted with (force)");
    await admin.unsafe("drop role hosted_owner");
  }
});
