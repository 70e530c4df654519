import { randomUUID } from "node:crypto";
import type { SupabaseClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBehind } from "../../../testing/behind.ts";
import { refusalOf } from "../../../testing/refusal.ts";
import { openSql, type Sql } from "../../../testing/sql.ts";
import { type Stack, stackOn } from "../../../testing/stack-on.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";

const model = "orders_once";

function idOf({ id }: Readonly<Record<string, unknown>>): { id: string } {
  if (typeof id !== "string") throw new Error("a row has its id");
  return { id };
}

describe.each(["pglite", "native"] as const)("idempotency keys on %s", (engine) => {
  const opened = new AsyncDisposableStack();
  let stack: Stack;
  let stage: Stage;
  let sql: Sql;
  let ada: Person;
  let eve: Person;

  beforeAll(async () => {
    stack = await stackOn(engine, opened);
    sql = openSql(stack.dbUrl);
    await sql.unsafe(`
      create table public.${model} (
        id uuid primary key default gen_random_uuid(), note text check (note <> 'wrong'), owner_id uuid default auth.uid());
      alter table public.${model} enable row level security;
      create policy own on public.${model} to authenticated using (owner_id = (select auth.uid()));
      grant select, insert, update, delete on public.${model} to authenticated;
      notify pgrst, 'reload schema'`);
    opened.defer(async () => {
      await sql.unsafe(`drop table public.${model}`);
      await sql.end();
    });
    stage = opened.use(await openStage({ stack }));
    const admin = await stage.newAdmin();
    [ada, eve] = await Promise.all([stage.newUser(), stage.newUser()]);
    await admin.api.models.create.mutate({
      model_name: model,
      table_name: model,
      schema_version: "1.0.0",
      fields: {
        type: "object",
        properties: { id: { type: "string", format: "uuid" }, note: { type: ["string", "null"] } },
      },
    });
  }, 120_000);
  afterAll(() => opened.disposeAsync());

  const count = async (note: string): Promise<number> =>
    (await sql`select 1 from ${sql(model)} where note = ${note}`).length;
  /** A note and a key that no other test has. */
  const fresh = () => ({ note: randomUUID(), idempotency_key: randomUUID() });

  it("one key creates one row, and gives its answer again, whatever became of the row since", async () => {
    const { note, idempotency_key } = fresh();
    const first = await ada.api.data.create.mutate({ model, row: { note }, idempotency_key });
    expect(first).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), note });
    expect(await ada.api.data.create.mutate({ model, row: { note }, idempotency_key })).toEqual(first);
    expect(await count(note)).toBe(1);
    await ada.api.data.remove.mutate({ model, key: { id: first["id"] ?? "" } });
    expect(await ada.api.data.create.mutate({ model, row: { note }, idempotency_key })).toEqual(first);
    expect(await count(note)).toBe(0);
  });

  it("every write takes one", async () => {
    const { note, idempotency_key } = fresh();
    const twice = async <T>(write: () => Promise<T>): Promise<T> => {
      const first = await write();
      expect(await write()).toEqual(first);
      return first;
    };
    const rows = [{ note }, { note }];
    const many = await twice(() => ada.api.data.createMany.mutate({ model, rows, idempotency_key }));
    expect(many).toMatchObject({ written: [0, 1], failed: [] });
    const [one, two] = many.rows.map(idOf);
    if (one === undefined || two === undefined) throw new Error("two rows were written");
    const other = randomUUID();
    const mixed = [{ note: "wrong" }, { note: other }];
    const each = await twice(() =>
      ada.api.data.createMany.mutate({ model, rows: mixed, mode: "each", idempotency_key: other }),
    );
    expect(each).toMatchObject({ written: [1], failed: [{ index: 0, code: "CHECK_VIOLATION" }] });
    expect([await count(note), await count(other)]).toEqual([2, 1]);
    await twice(() => ada.api.data.update.mutate({ model, key: one, changes: { note: other }, idempotency_key }));
    const updates = [{ key: one, changes: { note } }];
    await twice(() => ada.api.data.updateMany.mutate({ model, updates, idempotency_key }));
    await twice(() => ada.api.data.upsert.mutate({ model, row: { ...one, note: other }, idempotency_key }));
    expect(await twice(() => ada.api.data.remove.mutate({ model, key: one, idempotency_key }))).toMatchObject(one);
    expect(await count(note)).toBe(1);
    // without a key the second removal finds nothing
    await ada.api.data.remove.mutate({ model, key: two });
    expect(await refusalOf(ada.api.data.remove.mutate({ model, key: two }))).toMatchObject({ code: "NOT_FOUND" });
  });

  it("refuses a key with another input, and takes it for another procedure and another user", async () => {
    const { note, idempotency_key } = fresh();
    await ada.api.data.create.mutate({ model, row: { note }, idempotency_key });
    const other = ada.api.data.create.mutate({ model, row: { note: "other" }, idempotency_key });
    expect(await refusalOf(other)).toMatchObject({
      code: "IDEMPOTENCY_CONFLICT",
      httpStatus: 409,
      issues: [{ field: "idempotency_key", rule: "same_input" }],
    });
    await ada.api.data.createMany.mutate({ model, rows: [{ note }], idempotency_key });
    const hers = await eve.api.data.create.mutate({ model, row: { note }, idempotency_key });
    expect(await count(note)).toBe(3);
    expect(
      await ada.api.data.list.query({ model, filters: [{ column: "id", op: "eq", value: idOf(hers).id }] }),
    ).toMatchObject({ rows: [] });
  });

  it("keeps nothing of a write that was refused: the same key may be used when it is mended", async () => {
    const { note, idempotency_key } = fresh();
    const wrong = ada.api.data.create.mutate({ model, row: { note: "wrong" }, idempotency_key });
    expect(await refusalOf(wrong)).toMatchObject({ code: "CHECK_VIOLATION", issues: [{ field: "row.note" }] });
    await ada.api.data.create.mutate({ model, row: { note }, idempotency_key });
    expect(await count(note)).toBe(1);
    const key = { id: randomUUID() };
    const gone = { model, key, changes: { note }, idempotency_key };
    expect(await refusalOf(ada.api.data.update.mutate(gone))).toMatchObject({ code: "NOT_FOUND" });
    const hers = await eve.api.data.create.mutate({ model, row: { ...key, note: "hers" } });
    expect(hers).toMatchObject(key);
    expect(await refusalOf(ada.api.data.update.mutate(gone))).toMatchObject({ code: "NOT_FOUND" });
  });

  it("writes once where the answer was lost, and answers the retry with the row that is there", async () => {
    let lose = true;
    await using behind = await openBehind(
      stack,
      () => undefined,
      ({ url }) => {
        if (!lose || !url.pathname.endsWith("/rpc/write_rows")) return undefined;
        lose = false;
        return Promise.reject(new Error("the answer is lost"));
      },
    );
    await using lossy = await openStage({
      stack: { ...stack, url: behind.url },
      env: { WAYBILL_ALLOW_HTTP_LOOPBACK: "1", SUPABASE_JWT_ISSUER: `${stack.url}/auth/v1` },
    });
    const person = await lossy.newUser();
    const { note, idempotency_key } = fresh();
    const write = () => person.api.data.create.mutate({ model, row: { note }, idempotency_key });
    expect(await refusalOf(write())).toMatchObject({ code: "SUPABASE_UNREACHABLE" });
    expect(await count(note)).toBe(1);
    const [there] = await sql`select id from ${sql(model)} where note = ${note}`;
    expect(await write()).toEqual({ id: there?.["id"], note });
    expect(await count(note)).toBe(1);
  });

  it("writes once where the answer comes after the call's deadline", async () => {
    const answering = Promise.withResolvers<undefined>();
    await using behind = await openBehind(
      stack,
      () => undefined,
      ({ url }) => (url.pathname.endsWith("/rpc/write_rows") ? answering.promise : undefined),
    );
    await using slow = await openStage({
      stack: { ...stack, url: behind.url },
      env: {
        WAYBILL_ALLOW_HTTP_LOOPBACK: "1",
        SUPABASE_JWT_ISSUER: `${stack.url}/auth/v1`,
        WAYBILL_OPERATION_TIMEOUT_MS: "3000",
      },
    });
    const person = await slow.newUser();
    const { note, idempotency_key } = fresh();
    const write = () => person.api.data.create.mutate({ model, row: { note }, idempotency_key });
    expect(await refusalOf(write())).toMatchObject({ code: "OPERATION_TIMEOUT" });
    answering.resolve(undefined);
    expect(await write()).toMatchObject({ note });
    expect(await count(note)).toBe(1);
  });

  it("writes once for two servers at the same moment", async () => {
    await using other = await openStage({ stack });
    const { email, password } = ada;
    const { session_token = "" } = await other.client().sessions.login.mutate({ email, password });
    for (let round = 0; round < 5; round += 1) {
      const { note, idempotency_key } = fresh();
      const input = { model, row: { note }, idempotency_key };
      const apis = [ada.api, other.client(session_token), ada.api, other.client(session_token)];
      const answers = await Promise.all(apis.map((api) => api.data.create.mutate(input)));
      expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
      expect(await count(note)).toBe(1);
    }
  });

  it.runIf(engine === "native")("waits no longer than the other's write may take, and says so", async () => {
    const { note, idempotency_key } = fresh();
    const input = { model, row: { note }, idempotency_key };
    await sql.begin(async (transaction) => {
      await transaction`insert into waybill.idempotency_keys
        values (${ada.userId}::uuid, 'data.create', ${idempotency_key}, ${"x".repeat(43)}, null, now() + interval '1 h')`;
      expect(await refusalOf(ada.api.data.create.mutate(input))).toMatchObject({ code: "CONFLICT", httpStatus: 409 });
      await transaction`delete from waybill.idempotency_keys where idempotency_key = ${idempotency_key}`;
    });
    await ada.api.data.create.mutate(input);
    expect(await count(note)).toBe(1);
  });

  it("takes the same input for the same, in whatever order its names came", async () => {
    const { note, idempotency_key } = fresh();
    const id = randomUUID();
    const first = await ada.api.data.create.mutate({ model, row: { id, note }, idempotency_key });
    expect(await ada.api.data.create.mutate({ idempotency_key, row: { note, id }, model })).toEqual(first);
  });

  it("forgets a key after 24 hours, with each new one some that are dead, and ends at 10,000 of a user", async () => {
    const { note, idempotency_key } = fresh();
    const keys = `from waybill.idempotency_keys where user_id = '${eve.userId}'`;
    await sql.unsafe(`delete ${keys}`);
    await eve.api.data.create.mutate({ model, row: { note }, idempotency_key });
    const [kept] = await sql.unsafe(
      `select expires_at - now() between interval '23 h' and interval '24 h' as day ${keys}`,
    );
    expect(kept?.["day"]).toBe(true);
    await sql.unsafe(
      `update waybill.idempotency_keys set expires_at = now() - interval '1 s' where user_id = '${eve.userId}'`,
    );
    await eve.api.data.create.mutate({ model, row: { note }, idempotency_key });
    expect(await count(note)).toBe(2);
    await sql.unsafe(
      `update waybill.idempotency_keys set expires_at = now() - interval '1 s' where user_id = '${eve.userId}'`,
    );
    await eve.api.data.create.mutate({ model, row: { note }, idempotency_key: randomUUID() });
    expect((await sql.unsafe(`select 1 ${keys}`)).length).toBe(1);
    await sql`insert into waybill.idempotency_keys
      select ${eve.userId}::uuid, 'data.create', 'full-' || n, 'hash', null, now() + interval '1 h' from generate_series(1, 9999) n`;
    const full = eve.api.data.create.mutate({ model, row: { note }, idempotency_key });
    expect(await refusalOf(full)).toMatchObject({ code: "RATE_LIMITED", httpStatus: 429 });
    expect(await count(note)).toBe(3);
    await sql.unsafe(`delete ${keys}`);
  });

  it("is nobody's without a user: neither table nor its functions are open to the Data API", async () => {
    const { waybill } = stage.services;
    const { data } = await waybill.anon().auth.signInWithPassword({ email: ada.email, password: ada.password });
    const direct: SupabaseClient = waybill.forUser(data.session?.access_token ?? "");
    const call = { of_procedure: "data.create", of_key: "k", of_input: "x".repeat(43) };
    const answers = [
      await direct.schema("waybill_calls").rpc("claim_key", call),
      await direct.rpc("claim_key", call),
      await direct.schema("waybill").from("idempotency_keys").select(),
      await waybill
        .anon()
        .rpc("write_rows", { operation: "create", target: model, items: [{ index: 0, row: {} }], returned: ["id"] }),
    ];
    for (const { error } of answers) expect(error).not.toBeNull();
  });

  it("quotes every name that somebody sends past Waybill, and gives nobody more than its own rights", async () => {
    const { waybill } = stage.services;
    const { data } = await waybill.anon().auth.signInWithPassword({ email: eve.email, password: eve.password });
    const direct: SupabaseClient = waybill.forUser(data.session?.access_token ?? "");
    const { note } = fresh();
    const hers = await ada.api.data.create.mutate({ model, row: { note } });
    const write = async (changes: object) => {
      const input = {
        operation: "update",
        target: model,
        items: [{ index: 0, where: { id: hers["id"] }, changes: { note: "x" } }],
        returned: ["id"],
        ...changes,
      };
      return (await direct.rpc("write_rows", input)).error?.code;
    };
    expect(await write({})).toBe("WB404");
    expect(await write({ operation: "delete" })).toBe("WB404");
    expect(await write({ operation: "delete", items: [{ index: 0 }] })).toBe("WB404");
    expect(await write({ target: `${model}; drop table ${model}` })).toMatch(/^(?:42P01|PGRST205)$/);
    expect(
      await write({
        target: "data_models",
        operation: "delete",
        items: [{ index: 0, where: { model_name: model } }],
        returned: ["model_id"],
      }),
    ).toBe("42501");
    expect(await write({ returned: ["id) from x) from auth.users --"] })).toBe("42703");
    expect(await write({ items: [{ index: 0, where: { 'id" or true --': 1 }, changes: { note: "x" } }] })).toBe(
      "42703",
    );
    expect(await write({ items: [{ index: 0, where: { id: hers["id"] }, changes: { 'note" = null --': "x" } }] })).toBe(
      "42703",
    );
    expect(await write({ operation: "truncate" })).toBe("22023");
    expect(await write({ items: [] })).toBe("22023");
    expect(await count(note)).toBe(1);
  });
});
