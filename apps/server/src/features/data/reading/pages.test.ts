import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusalOf } from "../../../testing/refusal.ts";
import { openSql, type Sql } from "../../../testing/sql.ts";
import { stackOn } from "../../../testing/stack-on.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";

const model = "values_paged";
/** Columns whose values lie closer together than JSON's numbers do, or are none; and such as JSON brings as they are. */
const columns = {
  amount: { type: ["number", "null"], "x-pg": "numeric" },
  plain: { type: ["number", "null"] },
  big: { type: ["integer", "null"] },
  small: { type: ["number", "null"], "x-pg": "real" },
  wide: { type: ["number", "null"], "x-pg": "double precision" },
  anything: { "x-pg": "jsonb" },
  at: { type: ["string", "null"], format: "date-time" },
  word: { type: ["string", "null"] },
  yes: { type: ["boolean", "null"] },
};

describe.each(["pglite", "native"] as const)("pages on %s", (engine) => {
  const opened = new AsyncDisposableStack();
  let stage: Stage;
  let sql: Sql;
  let ada: Person;

  beforeAll(async () => {
    const stack = await stackOn(engine, opened);
    sql = openSql(stack.dbUrl);
    stage = opened.use(await openStage({ stack }));
    const admin = await stage.newAdmin();
    ada = await stage.newUser();
    await sql.unsafe(String.raw`
      create table public.${model} (
        id bigint primary key, amount numeric, plain numeric, big bigint, small real, wide double precision,
        anything jsonb, at timestamptz, word text, yes boolean);
      alter table public.${model} enable row level security;
      create policy everybody on public.${model} to authenticated using (true);
      grant select on public.${model} to authenticated;
      insert into public.${model} values
        (9007199254740993, 12345678901234567.1, 1.00000000000000000001, 9007199254740993, 0.1, 0.1, '"a"',
          '2026-01-01T00:00:00.123456Z', 'null', true),
        (9007199254740994, 12345678901234567.2, 1.00000000000000000002, 9007199254740992, 0.1, 0.30000000000000004, '"a,b"',
          '2026-01-01T00:00:00.123457Z', 'a"b\,(c).d', false),
        (9007199254740995, 12345678901234567.3, 1, 9007199254740994, 16777216, 1e300, '{"a": [1, null]}',
          '2026-01-01T00:00:00.123458Z', '', null),
        (9007199254740996, 'NaN', 1.00000000000000000003, 9007199254740993, 16777217, -5e-324, 'null', null, 'Ünï 🛫', true),
        (9007199254740997, 12345678901234567.2, null, null, null, null, null, '-infinity', null, null)`);
    await sql.unsafe(`notify pgrst, 'reload schema'`);
    opened.defer(async () => {
      await sql.unsafe(`drop table public.${model}`);
      await sql.end();
    });
    await admin.api.models.create.mutate({
      model_name: model,
      table_name: model,
      schema_version: "1.0.0",
      fields: { type: "object", properties: { id: { type: "integer" }, ...columns } },
    });
  }, 120_000);
  afterAll(() => opened.disposeAsync());

  const places = Object.keys(columns).flatMap((column) =>
    (["asc", "desc"] as const).map((way) => [column, way] as const),
  );

  it.each(places)("of one row each are the whole list, by %s %s", async (column, direction) => {
    // a value by itself does not tell these rows apart: JSON has rounded their ids
    const expected = await sql.unsafe<{ row: string }[]>(
      `select coalesce(word, '-') as row from ${model} order by ${column} ${direction} nulls last, id`,
    );
    const rows: string[] = [];
    let cursor: string | undefined;
    do {
      const order = [{ column, direction }];
      const page = await ada.api.data.list.query({
        model,
        columns: ["word"],
        order,
        limit: 1,
        ...(cursor && { cursor }),
      });
      expect(page.rows.map(Object.keys)).toEqual([["word"]]);
      rows.push(...page.rows.map(({ word }) => (typeof word === "string" ? word : "-")));
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined && rows.length <= expected.length);
    expect(rows).toEqual(expected.map(({ row }) => row));
  });

  it("show integers beyond 2^53 rounded, by which no row is named: it would be another", async () => {
    const { rows } = await ada.api.data.list.query({ model, columns: ["id"], limit: 1 });
    // the first row's is 9007199254740993
    expect(rows).toEqual([{ id: 9_007_199_254_740_992 }]);
    const key = { id: 9_007_199_254_740_992 };
    for (const write of [
      () => ada.api.data.get.query({ model, key }),
      () => ada.api.data.update.mutate({ model, key, changes: { word: "x" } }),
      () => ada.api.data.remove.mutate({ model, key }),
    ]) {
      expect(await refusalOf(write())).toMatchObject({
        code: "VALIDATION_FAILED",
        issues: [{ field: "key.id", rule: "maximum", message: expect.stringContaining("at most 2^53 - 1") }],
      });
    }
  });
});
