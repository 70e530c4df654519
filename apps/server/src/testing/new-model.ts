import { randomBytes } from "node:crypto";
import type { Sql } from "./sql.ts";
import type { Person } from "./stage.ts";

/** A model of a test's own with a table that whoever is signed in may read and write; its name. */
export async function newModel(sql: Sql, { api }: Pick<Person, "api">): Promise<string> {
  const name = `watched_${randomBytes(6).toString("hex")}`;
  await sql.unsafe(`
    create table public.${name} (id text primary key, note text);
    alter table public.${name} enable row level security;
    create policy everybody on public.${name} for all to authenticated using (true) with check (true);
    grant select, insert, update, delete on public.${name} to authenticated;
    notify pgrst, 'reload schema';
  `);
  await api.models.create.mutate({ model_name: name, table_name: name, schema_version: "1.0.0", fields: fieldsOf(80) });
  return name;
}

/** @param maxLength of a note: what a test changes */
export function fieldsOf(maxLength: number) {
  return {
    type: "object" as const,
    required: ["id"],
    properties: { id: { type: "string" }, note: { type: ["string", "null"], maxLength } },
  };
}
