import type { SupabaseClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusalOf } from "../../../testing/refusal.ts";
import { openSql, type Sql } from "../../../testing/sql.ts";
import { stackOn } from "../../../testing/stack-on.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";

const model = "sales_summed";

describe.each(["pglite", "native"] as const)("data.aggregate on %s", (engine) => {
  const opened = new AsyncDisposableStack();
  let stage: Stage;
  let sql: Sql;
  let ada: Person;
  let eve: Person;

  beforeAll(async () => {
    const stack = await stackOn(engine, opened);
    sql = openSql(stack.dbUrl);
    stage = opened.use(await openStage({ stack }));
    const admin = await stage.newAdmin();
    [ada, eve] = await Promise.all([stage.newUser(), stage.newUser()]);
    await sql.unsafe(`
      create table public.${model} (
        id integer primary key, shop text, amount numeric, paid boolean, at timestamptz, parts jsonb, owner_id uuid,
        api_key text, bytes bigint, float double precision, sizes integer[], fact jsonb);
      alter table public.${model} enable row level security;
      create policy own on public.${model} to authenticated using (owner_id = (select auth.uid()));
      grant select on public.${model} to authenticated;
      insert into public.${model} values
        (1, 'north', 1.5, true, '2026-01-01Z', '["a"]', '${ada.userId}'), (2, 'north', 2.5, false, '2026-01-02Z', null, '${ada.userId}'),
        (3, 'so''uth"', 10, true, null, null, '${ada.userId}'), (4, null, null, null, null, null, '${ada.userId}'),
        (5, 'north', 1000, true, '2027-01-01Z', null, '${eve.userId}');
      notify pgrst, 'reload schema'`);
    opened.defer(async () => {
      await sql.unsafe(`drop table public.${model}`);
      await sql.end();
    });
    await admin.api.models.create.mutate({
      model_name: model,
      table_name: model,
      schema_version: "1.0.0",
      fields: {
        type: "object",
        properties: {
          id: { type: "integer" },
          shop: { type: ["string", "null"] },
          amount: { type: ["number", "null"] },
          paid: { type: ["boolean", "null"] },
          at: { type: ["string", "null"], format: "date-time" },
          parts: { type: ["array", "null"] },
          owner_id: { type: "string", format: "uuid" },
          api_key: { type: ["string", "null"] },
          bytes: { type: ["integer", "null"] },
          float: { type: ["number", "null"] },
          sizes: { type: ["array", "null"], "x-pg": "integer[]" },
          fact: { "x-pg": "jsonb" },
        },
      },
    });
  }, 120_000);
  afterAll(() => opened.disposeAsync());

  it("measures groups of the rows that the caller can see", async () => {
    const asked = {
      model,
      group_by: ["shop"],
      measures: {
        sales: { op: "count" as const },
        known: { op: "count" as const, column: "amount" },
        least: { op: "min" as const, column: "amount" },
        last: { op: "max" as const, column: "at" },
        total: { op: "sum" as const, column: "amount" },
        mean: { op: "avg" as const, column: "amount" },
      },
    };
    const { groups, more } = await ada.api.data.aggregate.query(asked);
    expect(more).toBe(false);
    expect(groups).toEqual([
      { shop: "north", sales: 2, known: 2, least: 1.5, last: "2026-01-02T00:00:00+00:00", total: 4, mean: 2 },
      { shop: "so'uth\"", sales: 1, known: 1, least: 10, last: null, total: 10, mean: 10 },
      { shop: null, sales: 1, known: 0, least: null, last: null, total: null, mean: null },
    ]);
    expect((await eve.api.data.aggregate.query(asked)).groups).toMatchObject([{ shop: "north", total: 1000 }]);
  });

  it("orders by what it measures, and says when there is more", async () => {
    const measures = { total: { op: "sum" as const, column: "amount" } };
    const order = [{ column: "total", direction: "desc" as const }];
    const top = { model, group_by: ["shop"], measures, order, limit: 1 };
    expect(await ada.api.data.aggregate.query(top)).toEqual({ groups: [{ shop: "so'uth\"", total: 10 }], more: true });
    const filters = [{ column: "parts", op: "contains" as const, value: ["a"] }];
    expect(await ada.api.data.aggregate.query({ model, measures, filters })).toEqual({
      groups: [{ total: 1.5 }],
      more: false,
    });
  });

  it("tells sums that no number of JSON tells apart as text, in the order of their values", async () => {
    await sql`
      insert into ${sql(model)} (id, shop, bytes, float, amount, owner_id)
      select 100 + n, 'big ' || n % 3, case when n % 3 = 2 then 7 else 9007199254740991 - n % 3 end, 1.5e308 / n, 12345678901234567.25, ${eve.userId}::uuid
      from generate_series(1, 6) as n`;
    const measures = {
      bytes: { op: "sum" as const, column: "bytes" },
      most: { op: "max" as const, column: "bytes" },
      float: { op: "max" as const, column: "float" },
      amount: { op: "sum" as const, column: "amount" },
      rows: { op: "count" as const },
    };
    const order = [{ column: "bytes" }];
    const filters = [{ column: "shop", op: "like" as const, value: "big%" }];
    const asked = { model, group_by: ["shop"], measures, order, filters };
    const amount = "24691357802469134.50";
    expect((await eve.api.data.aggregate.query(asked)).groups).toEqual([
      { shop: "big 2", bytes: 14, most: 7, float: 0.75e308, amount, rows: 2 },
      { shop: "big 1", bytes: "18014398509481980", most: 9007199254740990, float: 1.5e308, amount, rows: 2 },
      { shop: "big 0", bytes: "18014398509481982", most: 9007199254740991, float: 0.5e308, amount, rows: 2 },
    ]);
    const overflow = eve.api.data.aggregate.query({ model, measures: { total: { op: "sum", column: "float" } } });
    expect(await refusalOf(overflow)).toMatchObject({ code: "INVALID_VALUE", issues: [{ field: "measures" }] });
    await sql`delete from ${sql(model)} where id > 100`;
  });

  type Asked = Omit<Parameters<Person["api"]["data"]["aggregate"]["query"]>[0], "model">;
  it.each<[string, string, Asked]>([
    ["group_by.0", "unknown_column", { group_by: ["colour"], measures: { n: { op: "count" } } }],
    ["group_by.0", "type", { group_by: ["parts"], measures: { n: { op: "count" } } }],
    ["measures.n.column", "unknown_column", { measures: { n: { op: "max", column: "colour" } } }],
    ["measures.n.op", "type", { measures: { n: { op: "sum", column: "shop" } } }],
    ["measures.n.op", "type", { measures: { n: { op: "avg", column: "paid" } } }],
    ["measures.n.op", "type", { measures: { n: { op: "min", column: "paid" } } }],
    ["measures.n.op", "type", { measures: { n: { op: "max", column: "owner_id" } } }],
    ["measures.n.op", "type", { measures: { n: { op: "max", column: "parts" } } }],
    ["measures.n.op", "type", { measures: { n: { op: "sum", column: "sizes" } } }],
    ["measures.n.op", "type", { measures: { n: { op: "min", column: "fact" } } }],
    [
      "filters.0.op",
      "type",
      { measures: { n: { op: "count" } }, filters: [{ column: "amount", op: "like", value: "1" }] },
    ],
    ["order.0.column", "custom", { measures: { n: { op: "count" } }, order: [{ column: "shop" }] }],
    ["measures.shop", "custom", { group_by: ["shop"], measures: { shop: { op: "count" } } }],
    ["measures", "custom", { measures: {} }],
    ["measures.n.column", "custom", { measures: { n: { op: "sum" } } }],
  ])("names %s and the rule %s", async (field, rule, asked) => {
    const refused = await refusalOf(ada.api.data.aggregate.query({ model, ...asked }));
    expect(refused).toMatchObject({ httpStatus: 400, operation_id: null, issues: [{ field, rule }] });
  });

  it("is recorded as a read of the model's table", async () => {
    const request = crypto.randomUUID();
    const api = stage.client(ada.sessionToken, { "x-request-id": request });
    await api.data.aggregate.query({ model, measures: { n: { op: "count" } } });
    await stage.services.waybill.flush();
    const { rows } = await ada.api.operations.list.query({ request_id: request, table_name: model });
    expect(rows).toMatchObject([{ operation_type: "read", status: "success" }]);
  });

  it("leaves no value of a secret column in its record, neither asked for nor measured", async () => {
    const secret = `secret-${crypto.randomUUID()}`;
    await sql`update ${sql(model)} set api_key = ${secret} where id = 1`;
    const request = crypto.randomUUID();
    const api = stage.client(ada.sessionToken, { "x-request-id": request });
    const leaf = (op: "eq" | "like", value: string) => ({ column: "api_key", op, value });
    const where = { or: [leaf("eq", secret), { not: { column: "api_key", op: "in" as const, value: [secret] } }] };
    const { groups } = await api.data.aggregate.query({
      model,
      group_by: ["api_key"],
      measures: { last: { op: "max", column: "api_key" } },
      filters: [leaf("like", `${secret}%`)],
      where,
    });
    expect(groups).toEqual([{ api_key: secret, last: secret }]);
    const last = { last: { op: "max" as const, column: "api_key" } };
    expect((await api.data.aggregate.query({ model, measures: last })).groups).toEqual([{ last: secret }]);
    await stage.services.waybill.flush();
    const records = await sql`select query_data, response_data from database_operations 
      where request_id = ${request} and table_name = ${model}`;
    expect(records).toHaveLength(2);
    expect(JSON.stringify(records)).toContain("[redacted]");
    expect(JSON.stringify(records)).not.toContain(secret);
  });

  it("quotes every name and value that somebody sends past Waybill", async () => {
    const { waybill } = stage.services;
    const { data } = await waybill.anon().auth.signInWithPassword({ email: eve.email, password: eve.password });
    const direct: SupabaseClient = waybill.forUser(data.session?.access_token ?? "");
    const aggregate = async (changes: object) => {
      const whole = {
        target: model,
        groups: [],
        measures: [{ name: "n", op: "count" }],
        conditions: null,
        order_by: [],
        most: 10,
      };
      const answer = await direct.rpc("aggregate_rows", { ...whole, ...changes });
      return answer.error?.code ?? answer.data;
    };
    const leaf = (changes: object) => ({ conditions: { column: "shop", op: "eq", operand: "x", ...changes } });
    expect(await aggregate({})).toEqual([{ n: 1 }]);
    expect(await aggregate(leaf({ operand: "' or true --" }))).toEqual([{ n: 0 }]);
    expect(await aggregate(leaf({ op: "in", operand: ["x') or true --", "\\"] }))).toEqual([{ n: 0 }]);
    expect(await aggregate(leaf({ op: "is", operand: "null or true" }))).toEqual([{ n: 0 }]);
    expect(await aggregate(leaf({ column: 'shop" is not null or t."id' }))).toBe("42703");
    expect(await aggregate(leaf({ op: "= 'x' or t.id >" }))).toBe("22023");
    expect(await aggregate({ groups: ["shop, t.id"] })).toBe("42703");
    expect(await aggregate({ measures: [{ name: 'n", (select 1) as "m', op: "count" }] })).toEqual([
      { 'n", (select 1) as "m': 1 },
    ]);
    expect(await aggregate({ order_by: [{ name: "1; drop", direction: "; drop" }] })).toBe("42703");
    expect(await aggregate({ target: "users" })).not.toEqual([{ n: 1 }]);
    let deep: object = { column: "shop", op: "eq", operand: "x" };
    for (let level = 0; level < 12; level += 1) deep = { not: deep };
    expect(await aggregate({ conditions: deep })).toBe("22023");
  });
});
