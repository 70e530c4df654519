import { randomBytes, randomUUID } from "node:crypto";
import { Agent, fetch } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusalOf } from "../../testing/refusal.ts";
import { openSql, type Sql } from "../../testing/sql.ts";
import { type Stack, stackOn } from "../../testing/stack-on.ts";
import { openStage, type Person, type Stage } from "../../testing/stage.ts";

const suffix = randomBytes(5).toString("hex");
const model = `tried_${suffix}`;
const notes = `tried_notes_${suffix}`;
const uuid = { type: "string", format: "uuid" } as const;

describe.each(["pglite", "native"] as const)("what only a try tells, on %s", (engine) => {
  const opened = new AsyncDisposableStack();
  let stack: Stack;
  let stage: Stage;
  let sql: Sql;
  let ada: Person;
  let bea: Person;

  beforeAll(async () => {
    stack = await stackOn(engine, opened);
    sql = openSql(stack.dbUrl);
    await sql.unsafe(`
      create table public.${notes} (at timestamptz default now());
      grant insert on public.${notes} to authenticated;
      create table public.${model} (
        id uuid primary key, owner_id uuid not null default auth.uid(), title text check (title <> 'odd'), seat integer,
        twin integer unique deferrable initially deferred, number serial, parent uuid references public.${model});
      create unique index ${model}_seat_key on public.${model} (seat) where title = 'seated';
      alter table public.${notes} enable row level security;
      create policy anybody on public.${notes} for insert to authenticated with check (true);
      alter table public.${model} enable row level security;
      create policy all_read on public.${model} for select to authenticated using (title is distinct from 'hidden');
      create policy own on public.${model} for insert to authenticated with check (owner_id = (select auth.uid()));
      create policy own_update on public.${model} for update to authenticated
        using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
      grant select, insert, update, delete on public.${model} to authenticated;
      grant usage on sequence ${model}_number_seq to authenticated;
      create function public.${model}_note() returns trigger language plpgsql as
        $$ begin insert into public.${notes} default values; return null; end $$;
      create trigger note after insert or update on public.${model} execute function public.${model}_note();
      notify pgrst, 'reload schema'`);
    opened.defer(async () => {
      await sql.unsafe(`drop table public.${model}, public.${notes}; drop function public.${model}_note`);
      await sql.end();
    });
    stage = opened.use(await openStage({ stack }));
    const admin = await stage.newAdmin();
    [ada, bea] = await Promise.all([stage.newUser(), stage.newUser()]);
    const integer = { type: ["integer", "null"] } as const;
    await admin.api.models.create.mutate({
      model_name: model,
      table_name: model,
      schema_version: "1.0.0",
      fields: {
        type: "object",
        required: ["id"],
        properties: {
          id: uuid,
          owner_id: uuid,
          title: { type: ["string", "null"] },
          seat: integer,
          twin: integer,
          parent: uuid,
        },
      },
      relationships: [{ name: "parent", kind: "many-to-one", model, columns: ["parent"] }],
    });
  }, 120_000);
  afterAll(() => opened.disposeAsync());

  const told = async (person: Person, row: object, key?: { id: string }): Promise<string[]> => {
    const input = { model, row: { ...row }, ...(key === undefined ? {} : { key }) };
    const { issues } = await person.api.models.validate.query(input);
    return issues.map(({ field, rule, layer }) => `${field} ${rule} ${layer}`);
  };
  const state = async () => {
    const rows = await sql.unsafe(`select to_jsonb(t) as row from public.${model} t order by id`);
    const [{ count } = { count: 0 }] = await sql.unsafe(`select count(*)::int as count from public.${notes}`);
    return { rows: rows.map(({ row }) => row), notes: count };
  };
  const written = async (person: Person, more: object = {}) => {
    const row = { id: randomUUID(), ...more };
    await person.api.data.create.mutate({ model, row });
    return row;
  };

  it("tells that a policy refuses a new row or a change, naming which of the two, and leaves nothing behind", async () => {
    const hers = await written(bea);
    const mine = await written(ada);
    const before = await state();
    const { issues } = await ada.api.models.validate.query({
      model,
      row: { id: randomUUID(), owner_id: bea.userId },
    });
    expect(issues).toEqual([
      {
        field: "",
        rule: "rls",
        layer: "database",
        message: expect.stringContaining(`row of ${model} that you may create`),
      },
    ]);
    expect(await told(ada, { id: randomUUID(), owner_id: ada.userId })).toEqual([]);
    // what is read by nobody cannot be given back either, so data.create would refuse it
    expect(await told(ada, { id: randomUUID(), title: "hidden" })).toEqual([" rls database"]);
    expect(await told(ada, { owner_id: bea.userId }, { id: mine.id })).toEqual([" rls database"]);
    const ofHers = await ada.api.models.validate.query({ model, key: { id: hers.id }, row: { title: "taken" } });
    expect(ofHers.issues).toMatchObject([{ field: "", rule: "rls", message: expect.stringContaining("may update") }]);
    expect(await told(ada, { title: "fine" }, { id: mine.id })).toEqual([]);
    expect(await told(ada, { id: randomUUID() })).toEqual([]);
    expect(await state()).toEqual(before);
  });

  it("names the columns of what no question could have found", async () => {
    const seated = await written(bea, { title: "seated", seat: 7, twin: 7 });
    const secret = await written(bea);
    await sql.unsafe(`update public.${model} set title = 'hidden' where id = '${secret.id}'`);
    const row = { id: randomUUID() };
    expect(await told(ada, { ...row, title: "odd" })).toEqual(["title 23514 database"]);
    expect(await told(ada, { ...row, title: "seated", seat: 7 })).toEqual(["seat 23505 database"]);
    expect(await told(ada, { ...row, seat: 7 })).toEqual([]);
    expect(await told(ada, { ...row, twin: 7 }), "a deferred one too").toEqual(["twin 23505 database"]);
    expect(await told(ada, { ...row, parent: randomUUID() })).toEqual(["parent 23503 database"]);
    expect(await told(ada, { id: seated.id }), "told once").toEqual(["id 23505 database"]);
    // as data.create says, since no two rows can have one key
    expect(await told(ada, { id: secret.id })).toEqual(["id 23505 database"]);
    const created = ada.api.data.create.mutate({ model, row: { id: secret.id } });
    expect(await refusalOf(created)).toMatchObject({ code: "UNIQUE_VIOLATION" });
  });

  it("does not try what the schema refuses, and what is not whole", async () => {
    const row = { id: "no uuid", owner_id: bea.userId };
    expect(await told(ada, row)).toEqual(["id format schema"]);
    const part = { model, row: { owner_id: bea.userId }, partial: true };
    expect(await ada.api.models.validate.query(part)).toEqual({ issues: [] });
  });

  it("waits for a row that somebody else is writing, but not for long", async () => {
    // PGlite has one session, in which nobody else writes
    if (engine === "pglite") return;
    const id = randomUUID();
    const { promise: end, resolve } = Promise.withResolvers<undefined>();
    const { promise: begun, resolve: began } = Promise.withResolvers<undefined>();
    const other = sql.begin(async (tx) => {
      await tx.unsafe(`insert into public.${model} (id, owner_id) values ('${id}', '${bea.userId}')`);
      began(undefined);
      await end;
    });
    await begun;
    expect(await refusalOf(ada.api.models.validate.query({ model, row: { id } }))).toMatchObject({ code: "CONFLICT" });
    resolve(undefined);
    await other;
  });

  it("tells who asks the database itself no more than the write would", async () => {
    const dispatcher = new Agent({ connect: { ca: stack.ca } });
    opened.defer(() => dispatcher.destroy());
    const { email, password } = ada;
    const post = async (path: string, body: object, bearer: string) => {
      const answer = await fetch(new URL(path, stack.url), {
        method: "POST",
        headers: {
          apikey: stack.publishableKey,
          authorization: `Bearer ${bearer}`,
          "content-type": "application/json",
        },
        body: JSON.stringify(body),
        dispatcher,
      });
      const said: unknown = await answer.json();
      return { status: answer.status, said };
    };
    const login = await post("/auth/v1/token?grant_type=password", { email, password }, stack.publishableKey);
    const token = String(Reflect.get(Object(login.said), "access_token"));
    const ask = (more: object, bearer = token) =>
      post("/rest/v1/rpc/try_row", { operation: "create", target: model, item: {}, returned: ["id"], ...more }, bearer);
    const id = randomUUID();
    const before = await state();
    expect(await ask({ item: { row: { id } } })).toEqual({ status: 200, said: {} });
    expect(await ask({ item: { row: { id, owner_id: bea.userId } } })).toMatchObject({
      said: { error: { code: "42501" } },
    });
    const sessions = { target: "authentication_contexts", item: { row: { user_id: "x" } }, returned: ["user_id"] };
    expect(await ask(sessions)).toMatchObject({ said: { error: { code: "42501" } } });
    const hidden = { operation: "update", item: { where: { id }, changes: { title: "x" } } };
    expect(await ask(hidden)).toMatchObject({ said: { error: { code: "WB404" } } });
    for (const operation of ["delete", "upsert", "", null]) {
      expect((await ask({ operation, item: { where: { id } } })).status).toBe(400);
    }
    expect((await ask({ item: { row: { id } } }, stack.publishableKey)).status).toBeGreaterThanOrEqual(400);
    expect(await state()).toEqual(before);
  });
});
