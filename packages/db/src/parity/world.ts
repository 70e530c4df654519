import { createClient } from "@supabase/supabase-js";
import type { Sql } from "postgres";
import { TABLE, type World } from "./parity-case.ts";

/** What the cases need besides what every project has. */
export async function makeTables(sql: Sql): Promise<void> {
  await sql.unsafe(`
    create table ${TABLE} (id integer primary key, name text not null unique, price numeric check (price >= 0),
      note text, tags text[] not null default '{}', extra jsonb not null default '{}', span int4range);
    create table ${TABLE}_parts (id integer primary key, part text not null, item_id integer not null references ${TABLE});
    alter table ${TABLE} enable row level security;
    alter table ${TABLE}_parts enable row level security;
    revoke all on ${TABLE}, ${TABLE}_parts from anon, authenticated;
    grant all on ${TABLE}, ${TABLE}_parts to service_role;
    create function parity_add(a integer, b integer) returns integer language sql immutable as 'select a + b';
    create function parity_rows() returns setof ${TABLE} language sql stable as 'select * from ${TABLE}';
    create function parity_nothing() returns void language sql as '';
    create function parity_wait() returns integer language sql as 'select 1 from pg_sleep(0.3)';
    create function parity_raise() returns void language plpgsql as $$ begin
      raise exception 'enough' using errcode = 'P0001', detail = 'said so', hint = 'say less'; end $$;`);
}

export async function dropTables(sql: Sql): Promise<void> {
  await sql.unsafe(`drop function if exists parity_add, parity_rows, parity_nothing, parity_wait, parity_raise;
    drop table if exists ${TABLE}_parts, ${TABLE}`);
}

export async function fillTables(sql: Sql): Promise<void> {
  await sql.unsafe(`truncate ${TABLE}, ${TABLE}_parts;
    insert into ${TABLE} values
      (1, 'apple', 1.5, null, '{red,green}', '{"size":1}', '[1,3)'), (2, 'banana', 2.5, 'ripe', '{yellow}', '{}', '[3,5)'),
      (3, ' a "quoted", text ', null, 'x', '{red}', '{"size":2}', '[8,10)');
    insert into ${TABLE}_parts values (1, 'core', 1), (2, 'peel', 2), (3, 'stalk', 2)`);
}

interface Project {
  readonly url: string;
  readonly publishableKey: string;
  readonly secretKey: string;
}

/** A world whose clients use `fetch`. What a case finds in it is made by `prepare`, unobserved. */
export async function makeWorld(
  { url, publishableKey, secretKey }: Project,
  fetch: typeof globalThis.fetch,
  needs: "rows" | "account" | "files",
): Promise<World> {
  const options = (fetch: typeof globalThis.fetch) => ({
    global: { fetch },
    auth: { persistSession: false, autoRefreshToken: false, experimental: { passkey: true, recoveryCodes: true } },
  });
  const prepare = createClient(url, secretKey, options(globalThis.fetch));
  const user = createClient(url, publishableKey, options(fetch));
  const name = crypto.randomUUID();
  const [email, password, bucket] = [`${name}@example.com`, `Pw-${name}`, `b-${name}`];
  const world = { admin: createClient(url, secretKey, options(fetch)), user, email, password, bucket };
  const nobody = { userId: "", accessToken: "", refreshToken: "" };
  if (needs === "files") {
    await prepare.storage.createBucket(bucket, { public: false });
    for (const path of ["a.txt", "d/b.txt"])
      await prepare.storage.from(bucket).upload(path, new Blob(["hello"], { type: "text/plain" }));
  }
  if (needs !== "account") return { ...world, ...nobody };
  const { data, error } = await user.auth.signUp({ email, password });
  if (error !== null || data.session === null) throw new Error("signing up did not sign in", { cause: error });
  const { access_token: accessToken, refresh_token: refreshToken } = data.session;
  return { ...world, userId: data.session.user.id, accessToken, refreshToken };
}
