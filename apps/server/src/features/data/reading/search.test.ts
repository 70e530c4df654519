import type { DataWhere } from "@waybill/contracts";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { refusalOf } from "../../../testing/refusal.ts";
import { openSql } from "../../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";

const model = "pages_searched";
const sql = openSql(inject("stack").dbUrl);
let stage: Stage;
let ada: Person;
let eve: Person;

beforeAll(async () => {
  stage = await openStage();
  const admin = await stage.newAdmin();
  [ada, eve] = await Promise.all([stage.newUser(), stage.newUser()]);
  await sql.unsafe(`
    create table public.${model} (
      id integer primary key, body text not null, owner_id uuid,
      words tsvector generated always as (to_tsvector('simple'::regconfig, body)) stored,
      others tsvector generated always as (to_tsvector('simple'::regconfig, body)) stored);
    create index on public.${model} using gin (words);
    alter table public.${model} enable row level security;
    create policy own on public.${model} to authenticated using (owner_id = (select auth.uid()));
    grant select on public.${model} to authenticated;
    insert into public.${model} values
      (1, 'red kite over water', '${ada.userId}'), (2, 'blue water, red boat', '${ada.userId}'),
      (3, 'a boat', '${ada.userId}'), (4, 'red water of another', '${eve.userId}');
    notify pgrst, 'reload schema'`);
  const words = { type: "string", "x-pg": "tsvector" };
  await admin.api.models.create.mutate({
    model_name: model,
    table_name: model,
    schema_version: "1.0.0",
    fields: { type: "object", properties: { id: { type: "integer" }, body: { type: "string" }, words, others: words } },
    indexes: [{ columns: ["words"], method: "gin" }],
  });
});
afterAll(async () => {
  await sql.unsafe(`drop table public.${model}`);
  await sql.end();
  await stage[Symbol.asyncDispose]();
});

it.each([
  ["water", [1, 2]],
  ["red water", [1, 2]],
  ['"red kite"', [1]],
  ["kite or boat", [1, 2, 3]],
  ["water -kite", [2]],
  ["'); drop table x; -- \\ \"", []],
  ["a,b.(c)", []],
])("finds the caller's own rows by %s: in filters, in a tree, and counted", async (value, expected) => {
  const condition = { column: "words", op: "search" as const, value };
  const where: DataWhere = { or: [condition, { and: [condition] }] };
  for (const input of [{ filters: [condition] }, { where }]) {
    const { rows } = await ada.api.data.list.query({ model, columns: ["id"], ...input });
    expect(rows.map(({ id }) => id)).toEqual(expected);
    const measures = { n: { op: "count" as const } };
    const { groups } = await ada.api.data.aggregate.query({ model, measures, ...input });
    expect(groups).toEqual([{ n: expected.length }]);
  }
  expect((await eve.api.data.count.query({ model, where })).count).toBeLessThan(2);
});

it.each(["body", "others"])("is refused on %s, which the model gives no index of words", async (column) => {
  const filters = [{ column, op: "search" as const, value: "red" }];
  const refused = await refusalOf(ada.api.data.list.query({ model, filters }));
  expect(refused).toMatchObject({ operation_id: null, issues: [{ field: "filters.0.op", rule: "type" }] });
  expect(refused.message).toContain("gin index");
});
