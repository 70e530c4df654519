import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { refusalOf } from "../../../testing/refusal.ts";
import { openSql } from "../../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";

/** A table of this test's own: other tests share the stack. */
const model = "spans_again";
const sql = openSql(inject("stack").dbUrl);
let stage: Stage;
let ada: Person;

beforeAll(async () => {
  await sql.unsafe(`
    create table public.${model} (id text primary key default gen_random_uuid(), low integer, high integer, note text);
    create index on public.${model} (note);
    create function public.${model}_skip() returns trigger language plpgsql set search_path = '' as
      $$ begin
        if new.note = 'conflict' then raise exception 'no' using errcode = '40001'; end if;
        return case when new.note = 'skipped' then null else new end;
      end $$;
    revoke all on function public.${model}_skip() from public, anon, authenticated;
    create trigger skip before insert on public.${model} for each row execute function public.${model}_skip();
    alter table public.${model} enable row level security;
    create policy everybody on public.${model} to authenticated using (true);
    grant select, insert, update, delete on public.${model} to authenticated;
    notify pgrst, 'reload schema'`);
  stage = await openStage();
  const admin = await stage.newAdmin();
  ada = await stage.newUser();
  await admin.api.models.create.mutate({
    model_name: model,
    table_name: model,
    schema_version: "1.0.0",
    fields: {
      type: "object",
      properties: {
        id: { type: "string", "x-default": "gen_random_uuid()" },
        low: { type: ["integer", "null"] },
        high: { type: ["integer", "null"] },
        note: { type: ["string", "null"] },
      },
    },
    validation_rules: [{ name: "in_order", expression: "low < high", message: "must be below high" }],
  });
});
afterAll(async () => {
  await sql.unsafe(`drop table public.${model}; drop function public.${model}_skip()`);
  await sql.end();
  await stage[Symbol.asyncDispose]();
});

/** Rows of a prefix that no other test has, low 1 and high 10. */
async function newRows(count: number): Promise<string[]> {
  const rows = Array.from({ length: count }, () => ({ id: randomUUID(), low: 1, high: 10 }));
  await ada.api.data.createMany.mutate({ model, rows });
  return rows.map(({ id }) => id);
}

const updateOf = (id: string, changes: { id?: string; low?: number; high?: number }) => ({ key: { id }, changes });

it("a retry is given its first answer also where another's write has left the row such that the rule breaks now", async () => {
  const [id = ""] = await newRows(1);
  const idempotency_key = randomUUID();
  const update = () => ada.api.data.update.mutate({ model, ...updateOf(id, { low: 5 }), idempotency_key });
  const upsert = () => ada.api.data.upsert.mutate({ model, row: { id, low: 5 }, idempotency_key });
  const many = () => ada.api.data.updateMany.mutate({ model, updates: [updateOf(id, { low: 5 })], idempotency_key });
  const writes = [update, upsert, many];
  const first = [];
  for (const write of writes) first.push(await write());
  await sql`update ${sql(model)} set low = 1, high = 2 where id = ${id}`;
  for (const [index, write] of writes.entries()) expect(await write()).toEqual(first[index]);
  const fresh = ada.api.data.update.mutate({ model, ...updateOf(id, { low: 5 }), idempotency_key: randomUUID() });
  expect(await refusalOf(fresh)).toMatchObject({
    code: "VALIDATION_FAILED",
    issues: [{ field: "changes.low", rule: "in_order", layer: "rule" }, { field: "changes.high" }],
  });
});

it("with mode each a retry tells of every row again what it told at first, written or refused", async () => {
  const [one = "", two = ""] = await newRows(2);
  const input = {
    model,
    mode: "each" as const,
    updates: [updateOf(one, { low: 5 }), updateOf(two, { low: 50 }), updateOf(randomUUID(), { low: 2 })],
    idempotency_key: randomUUID(),
  };
  const first = await ada.api.data.updateMany.mutate(input);
  expect(first).toMatchObject({
    written: [0],
    failed: [
      { index: 1, code: "VALIDATION_FAILED", issues: [{ field: "updates.1.changes.low", rule: "in_order" }, {}] },
      { index: 2, code: "NOT_FOUND" },
    ],
  });
  // now the first one would be refused, and the second one written
  await sql`update ${sql(model)} set low = 1, high = case id when ${one} then 2 else 100 end where id in (${one}, ${two})`;
  expect(await ada.api.data.updateMany.mutate(input)).toEqual(first);
  expect(await sql`select low from ${sql(model)} where id = ${two}`).toMatchObject([{ low: 1 }]);
});

it("with mode each a batch of which all is refused keeps its answer, too", async () => {
  const rows = [{ id: randomUUID(), low: 3, high: 2 }];
  const input = { model, rows, mode: "each" as const, idempotency_key: randomUUID() };
  const first = await ada.api.data.createMany.mutate(input);
  expect(first).toMatchObject({ rows: [], written: [], failed: [{ index: 0, code: "VALIDATION_FAILED" }] });
  expect(await ada.api.data.createMany.mutate(input)).toEqual(first);
  const other = ada.api.data.createMany.mutate({ ...input, rows: [{ id: randomUUID() }] });
  expect(await refusalOf(other)).toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
});

it("a refused row leaves nothing behind: no row, and no key", async () => {
  const id = randomUUID();
  const idempotency_key = randomUUID();
  const wrong = { model, rows: [{ id }, { id: randomUUID(), low: 3, high: 2 }], idempotency_key };
  expect(await refusalOf(ada.api.data.createMany.mutate(wrong))).toMatchObject({
    code: "VALIDATION_FAILED",
    issues: [{ field: "rows.1.low" }, { field: "rows.1.high" }],
  });
  expect(await sql`select from ${sql(model)} where id = ${id}`).toHaveLength(0);
  await ada.api.data.createMany.mutate({ model, rows: [{ id }], idempotency_key });
});

it("a row that a trigger skips ends a batch that is all or none, and is one failure of one that is not", async () => {
  const rows = [{ id: randomUUID() }, { id: randomUUID(), note: "skipped" }];
  const batch = { model, rows, idempotency_key: randomUUID() };
  expect(await refusalOf(ada.api.data.createMany.mutate(batch))).toMatchObject({ code: "NOT_FOUND" });
  expect(await sql`select from ${sql(model)} where id in ${sql(rows.map(({ id }) => id))}`).toHaveLength(0);
  expect(await ada.api.data.createMany.mutate({ model, rows, mode: "each" })).toMatchObject({
    written: [0],
    failed: [{ index: 1, code: "NOT_FOUND" }],
  });
});

it("without a key the rows that a trigger did not skip are told by their places, or it is said that they are there", async () => {
  const rows = [{ id: randomUUID(), note: "skipped" }, { id: randomUUID() }, { id: randomUUID() }];
  expect(await ada.api.data.createMany.mutate({ model, rows })).toMatchObject({
    rows: [{ id: rows[1]?.id }, { id: rows[2]?.id }],
    written: [1, 2],
    failed: [{ index: 0, code: "NOT_FOUND" }],
  });
  const unnamed = [{ note: "skipped" }, { note: randomUUID() }];
  const refused = await refusalOf(ada.api.data.createMany.mutate({ model, rows: unnamed }));
  expect(refused).toMatchObject({ code: "NOT_FOUND", hint: expect.stringContaining("Do not send them all again") });
  expect(refused.message).toContain("1 rows were skipped by a trigger");
  expect(await sql`select from ${sql(model)} where note = ${unnamed[1]?.note ?? ""}`).toHaveLength(1);
});

it("what is not one row's fault fails all of them, each by itself or not", async () => {
  const rows = [{ id: randomUUID() }, { id: randomUUID(), note: "conflict" }];
  const refused = await refusalOf(ada.api.data.createMany.mutate({ model, rows, mode: "each" }));
  expect(refused).toMatchObject({ code: "CONFLICT", httpStatus: 409 });
  expect(await sql`select from ${sql(model)} where id in ${sql(rows.map(({ id }) => id))}`).toHaveLength(0);
});

it("a value too large for its index is one row's fault", async () => {
  // such as cannot be compressed
  const note = Array.from({ length: 400 }, () => randomUUID()).join("");
  const rows = [{ id: randomUUID(), note }, { id: randomUUID() }];
  const batch = await ada.api.data.createMany.mutate({ model, rows, mode: "each" });
  expect(batch).toMatchObject({ written: [1], failed: [{ index: 0, code: "INVALID_VALUE" }] });
});

it("an answer that is too large to be kept refuses the write, with what to do", async () => {
  const [id = ""] = await newRows(1);
  await sql.unsafe(`drop index public.${model}_note_idx`);
  await sql`update ${sql(model)} set note = repeat('x', 500000) where id = ${id}`;
  const updates = Array.from({ length: 9 }, (_, low) => updateOf(id, { low }));
  const kept = ada.api.data.updateMany.mutate({ model, updates, idempotency_key: randomUUID() });
  expect(await refusalOf(kept)).toMatchObject({
    code: "PAYLOAD_TOO_LARGE",
    issues: [{ field: "idempotency_key", rule: "too_large", message: expect.stringContaining("write fewer rows") }],
  });
  expect(await sql`select low from ${sql(model)} where id = ${id}`).toMatchObject([{ low: 1 }]);
  expect((await ada.api.data.updateMany.mutate({ model, updates })).rows).toHaveLength(9);
});

it.each<[string, (ids: readonly [string, string, string]) => ReturnType<typeof updateOf>[]]>([
  ["changed twice", ([a]) => [updateOf(a, { high: 5 }), updateOf(a, { low: 7 })]],
  [
    "changed by all that a rule looks at, then by a part",
    ([a]) => [updateOf(a, { low: 50, high: 100 }), updateOf(a, { high: 20 })],
  ],
  [
    "given another key, and changed by that",
    ([a, , free]) => [{ key: { id: a }, changes: { id: free } }, updateOf(free, { low: 50 })],
  ],
])("a row that one call has %s is held against what the call itself makes of it", async (_how, updatesOf) => {
  const [a = "", b = ""] = await newRows(2);
  const updates = [updateOf(b, { low: 2 }), ...updatesOf([a, b, randomUUID()])];
  expect(await refusalOf(ada.api.data.updateMany.mutate({ model, updates }))).toMatchObject({
    code: "VALIDATION_FAILED",
    issues: [{ field: expect.stringContaining("updates.2.changes"), rule: "in_order" }, {}],
  });
  const each = await ada.api.data.updateMany.mutate({ model, updates, mode: "each" });
  expect(each).toMatchObject({ written: [0, 1], failed: [{ index: 2, code: "VALIDATION_FAILED" }] });
  const fine = [updateOf(b, { low: 20, high: 30 }), updateOf(b, { low: 25 }), updateOf(b, { low: 29 })];
  expect(await ada.api.data.updateMany.mutate({ model, updates: fine })).toMatchObject({ written: [0, 1, 2] });
});

it("keys that are dead keep nobody from a new one, however many", async () => {
  const eve = await stage.newUser();
  await sql`insert into waybill.idempotency_keys
    select ${eve.userId}::uuid, 'data.create', 'dead-' || n, 'hash', null, now() - interval '1 h' from generate_series(1, 10000) n`;
  const row = { id: randomUUID() };
  await eve.api.data.create.mutate({ model, row, idempotency_key: randomUUID() });
  const left = await sql`select count(*)::int as n from waybill.idempotency_keys where user_id = ${eve.userId}`;
  expect(left).toMatchObject([{ n: 9999 }]);
  await sql`delete from waybill.idempotency_keys where user_id = ${eve.userId}`;
});
