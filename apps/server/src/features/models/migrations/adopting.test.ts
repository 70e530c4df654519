import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusalOf } from "../../../testing/refusal.ts";
import { stackOn } from "../../../testing/stack-on.ts";
import { openSql, type Sql } from "../../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";

const newName = (): string => `own_${randomBytes(6).toString("hex")}`;

describe.each(["pglite", "native"] as const)("on %s", (engine) => {
  const opened = new AsyncDisposableStack();
  let stage: Stage;
  let admin: Person;
  let sql: Sql;
  beforeAll(async () => {
    const stack = await stackOn(engine, opened);
    stage = opened.use(await openStage({ stack }));
    admin = await stage.newAdmin();
    sql = openSql(stack.dbUrl);
    opened.defer(() => sql.end({ timeout: 5 }));
  }, 120_000);
  afterAll(() => opened.disposeAsync());

  const plan = (
    models: string[],
    more: { from_table?: boolean; renames?: { model: string; column: string; to: string }[] } = {},
  ) => admin.api.models.plan.mutate({ models, sample_rows: 20, ...more });
  const apply = (fingerprint: string) => admin.api.models.migrate.mutate({ fingerprint, confirm_destructive: true });
  const rollback = (fingerprint: string) =>
    admin.api.models.rollback.mutate({ fingerprint, confirm_destructive: true });
  const driftOf = async (model_name: string) => (await admin.api.models.drift.query({ model_name })).lines;
  const readBack = (table: string) =>
    sql.unsafe(`select pg_get_constraintdef(oid) as says from pg_constraint where conrelid = 'public.${table}'::regclass
      union all select pg_get_expr(polqual, polrelid) from pg_policy where polrelid = 'public.${table}'::regclass
      union all select attname || ' ' || format_type(atttypid, atttypmod) from pg_attribute
        where attrelid = 'public.${table}'::regclass and attnum > 0 and not attisdropped
      union all select concat_ws(' ', grantee, privilege_type, is_grantable) from information_schema.role_table_grants
        where table_name = '${table}'
      union all select to_jsonb(t)::text from public.${table} t
      order by 1`);

  /** A table made by hand that refers to two others, one of which no model ever gets; with two rows. */
  async function handMade(name: string): Promise<void> {
    await sql.unsafe(`
      create table public.${name}_town (id int primary key);
      create table public.${name}_buyer (id int primary key, town_id int references public.${name}_town);
      create table public.${name} (
        id uuid primary key default gen_random_uuid(), title text not null check (char_length(title) <= 40),
        stars smallint check (stars between 1 and 5), buyer_id int references public.${name}_buyer on delete cascade,
        user_id uuid default auth.uid() references auth.users, mood char(3)
      );
      create index on public.${name} (lower(title));
      alter table public.${name} enable row level security;
      create policy mine on public.${name} for all to authenticated using (user_id = (select auth.uid()));
      insert into public.${name}_buyer values (1);
      insert into public.${name} (title, stars, buyer_id, user_id, mood) values ('Mine', 5, 1, '${admin.userId}', 'sad'), ('Yours', null, 1, null, null)`);
    opened.defer(
      async () =>
        void (await sql.unsafe(
          `drop table if exists public.${name}, public.${name}_buyer, public.${name}_town cascade`,
        )),
    );
  }

  it("reads a table that somebody made, takes it over with its rows, and gives it back as it was", async () => {
    const name = newName();
    await handMade(name);
    const asItWas = await readBack(name);
    const { tables } = await admin.api.models.import.query({ tables: [name] });
    const [{ draft, notes } = { draft: null, notes: [] }] = tables;
    expect(draft).toMatchObject({
      model_name: name,
      schema_version: "1.0.0",
      fields: {
        required: ["id", "title"],
        properties: {
          title: { type: "string", maxLength: 40 },
          stars: { type: "integer", minimum: 1, maximum: 5, "x-pg": "smallint" },
          user_id: { format: "uuid", "x-default": "auth.uid()" },
        },
      },
      relationships: null,
      rls_policies: [{ name: "mine", command: "all", roles: ["authenticated"] }],
    });
    expect(notes).toEqual([
      expect.stringContaining("the column mood is left out"),
      expect.stringContaining(`since public.${name}_buyer is no model`),
      expect.stringContaining("since auth.users is no model"),
      expect.stringContaining(`the index ${name}_lower_idx is left out`),
      expect.stringContaining("the grants"),
    ]);
    if (draft === null) return;
    await admin.api.models.create.mutate(draft);
    expect(await driftOf(name)).toContainEqual(
      expect.stringContaining(`public.${name}: the column mood is there and in no model`),
    );

    const planned = await plan([name]);
    expect(planned).toMatchObject({ adopts: [name], models: [{ model_name: name, from: null, to: "1.0.0" }] });
    expect(planned.up.map(({ kind }) => kind)).not.toContain("create table");
    expect([...planned.up, ...planned.down].map(({ table }) => table)).not.toContain(`"public"."${name}_buyer"`);
    expect(planned.loses.up.join()).toContain("mood");
    await apply(planned.fingerprint);
    expect(await driftOf(name)).toEqual([]);
    expect((await admin.api.data.list.query({ model: name })).rows).toMatchObject([{ title: "Mine", stars: 5 }]);
    await rollback(planned.fingerprint);
    expect(await readBack(name)).toEqual(asItWas);
    expect(await admin.api.models.get.query({ model_name: name })).toMatchObject({ applied_version: null });
    await apply(planned.fingerprint);
    expect(await driftOf(name)).toEqual([]);
  });

  it("gives numbers back to a table that counted its rows by itself, after those that came meanwhile", async () => {
    const name = newName();
    await sql.unsafe(`create table public.${name} (id bigint generated by default as identity primary key, turn serial);
      insert into public.${name} default values`);
    opened.defer(async () => void (await sql.unsafe(`drop table public.${name}`)));
    const [found] = (await admin.api.models.import.query({ tables: [name] })).tables;
    if (found?.draft == null) throw new Error("no draft");
    expect(found.notes).toContainEqual(expect.stringContaining("the column id is an identity"));
    await admin.api.models.create.mutate(found.draft);
    const { fingerprint } = await plan([name]);
    await apply(fingerprint);
    await sql.unsafe(`insert into public.${name} (id, turn) values (7, 9)`);
    await rollback(fingerprint);
    const made = await sql.unsafe(`insert into public.${name} default values returning id::int, turn`);
    expect([...made]).toEqual([{ id: 8, turn: 10 }]);
  });

  it("refuses to plan for a table that has drifted, and starts from it as it is when asked to", async () => {
    const name = newName();
    opened.defer(async () => void (await sql.unsafe(`drop table if exists public.${name} cascade`)));
    const fields = {
      type: "object" as const,
      required: ["id"],
      properties: {
        id: { type: "integer" as const },
        title: { type: "string" as const },
        user_id: { type: "string" as const, format: "uuid" },
      },
    };
    const model = {
      model_name: name,
      table_name: name,
      schema_version: "1.0.0",
      fields,
      rls_policies: { preset: "own-rows" as const },
    };
    await admin.api.models.create.mutate(model);
    await apply((await plan([name])).fingerprint);
    expect(await driftOf(name)).toEqual([]);
    await sql.unsafe(`alter table public.${name} add column stray int, disable row level security`);
    const lines = [
      `public.${name}: the column stray is there and in no model: integer`,
      `public.${name}: the table is with row level security off; the model says with row level security on`,
    ];
    expect(await admin.api.models.drift.query({ model_name: name })).toEqual({
      model_name: name,
      schema_version: "1.0.0",
      lines,
    });

    await admin.api.models.update.mutate({
      model_name: name,
      expected_version: "1.0.0",
      changes: {
        schema_version: "1.1.0",
        fields: { ...fields, properties: { ...fields.properties, more: { type: "string" } } },
      },
    });
    // the drift is told of the version that was applied
    expect(await driftOf(name)).toEqual(lines);
    expect(await refusalOf(plan([name]))).toMatchObject({
      code: "SCHEMA_DRIFTED",
      message: expect.stringContaining(`public.${name}`),
      hint: expect.stringContaining("from_table: true"),
      issues: lines.map((message) => ({ field: "models", message })),
    });
    const planned = await plan([name], { from_table: true });
    expect(planned).toMatchObject({ adopts: [name], models: [{ from: "1.0.0", to: "1.1.0" }] });
    expect(planned.loses.up.join()).toContain("stray");
    await apply(planned.fingerprint);
    expect(await driftOf(name)).toEqual([]);
    // the same version is put back as well
    await sql.unsafe(`grant truncate on public.${name} to anon`);
    const repaired = await plan([name], { from_table: true });
    expect(repaired.models).toEqual([{ model_name: name, from: "1.1.0", to: "1.1.0" }]);
    await apply(repaired.fingerprint);
    expect(await driftOf(name)).toEqual([]);
    expect(await refusalOf(plan([name]))).toMatchObject({ code: "VALIDATION_FAILED", issues: [{ rule: "pending" }] });
  });

  // what cannot differ between the engines is tried on the faster one
  if (engine === "pglite") return;

  it("takes over tables that refer to each other in one plan, and a column under a new name", async () => {
    const name = newName();
    await handMade(name);
    const { tables } = await admin.api.models.import.query({ tables: [name, `${name}_buyer`, `${name}_town`] });
    for (const { draft } of tables) {
      if (draft === null) throw new Error("no draft");
      const { title, ...rest } = draft.fields.properties;
      const renamed = title === undefined ? rest : { ...rest, heading: title };
      const required = draft.model_name === name ? ["id", "heading"] : ["id"];
      await admin.api.models.create.mutate({ ...draft, fields: { ...draft.fields, required, properties: renamed } });
    }
    const models = tables.map(({ table }) => table);
    const planned = await plan(models, { renames: [{ model: name, column: "title", to: "heading" }] });
    expect(planned.adopts.toSorted()).toEqual(models.toSorted());
    await apply(planned.fingerprint);
    for (const model of models) expect([model, await driftOf(model)]).toEqual([model, []]);
    const { rows } = await admin.api.data.list.query({ model: name });
    expect(rows).toMatchObject([{ heading: "Mine", buyer_id: 1 }]);
  });

  it("names what it cannot take over, and asks nobody but who manages models", async () => {
    const name = newName();
    await sql.unsafe(
      `create type public.${name}_kind as enum ('a'); create table public.${name} (id int primary key, kind public.${name}_kind)`,
    );
    opened.defer(async () => void (await sql.unsafe(`drop table public.${name}; drop type public.${name}_kind`)));
    const [found] = (await admin.api.models.import.query({ tables: [name] })).tables;
    if (found?.draft == null) throw new Error("no draft");
    await admin.api.models.create.mutate(found.draft);
    expect(await refusalOf(plan([name]))).toMatchObject({
      code: "CHANGE_UNSUPPORTED",
      issues: [
        {
          field: "plan",
          message: expect.stringContaining(`the column kind of public.${name} needs the type public.${name}_kind`),
        },
      ],
    });
    expect(await refusalOf(admin.api.models.import.query({ tables: [name, "data_models"] }))).toMatchObject({
      code: "CHANGE_UNSUPPORTED",
      issues: [{ field: "tables", message: "public.data_models is a table of Waybill itself" }],
    });
    const user = await stage.newUser();
    expect(await refusalOf(user.api.models.import.query({}))).toMatchObject({ code: "FORBIDDEN" });
    expect(await refusalOf(user.api.models.drift.query({ model_name: name }))).toMatchObject({ code: "FORBIDDEN" });
  });
});
