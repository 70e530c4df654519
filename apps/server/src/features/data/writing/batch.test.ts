import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { refusalOf } from "../../../testing/refusal.ts";
import { openSql } from "../../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";

/** A table of this test's own: other tests share the stack. */
const model = "stock_items";
const sql = openSql(inject("stack").dbUrl);
let stage: Stage;
let ada: Person;
let eve: Person;

beforeAll(async () => {
  await sql.unsafe(`
    create table public.${model} (
      sku text primary key, code integer unique, shelf text not null default 'A', amount integer check (amount < 1000),
      parts text[], doc jsonb, twin integer unique deferrable initially deferred, owner_id uuid not null default auth.uid());
    alter table public.${model} enable row level security;
    create policy read_all on public.${model} for select to authenticated using (true);
    create policy write_own on public.${model} to authenticated using (owner_id = (select auth.uid()));
    grant select, insert, update, delete on public.${model} to authenticated;
    notify pgrst, 'reload schema'`);
  stage = await openStage();
  const admin = await stage.newAdmin();
  [ada, eve] = await Promise.all([stage.newUser(), stage.newUser()]);
  await admin.api.models.create.mutate({
    model_name: model,
    table_name: model,
    schema_version: "1.0.0",
    fields: {
      type: "object",
      "x-primary-key": ["sku"],
      properties: {
        sku: { type: "string" },
        code: { type: ["integer", "null"] },
        shelf: { type: "string" },
        amount: { type: ["integer", "null"], minimum: 0 },
        parts: { type: ["array", "null"], "x-pg": "text[]" },
        doc: {},
        twin: { type: ["integer", "null"] },
      },
      required: ["sku"],
    },
    indexes: [
      { columns: ["code"], unique: true },
      { columns: ["shelf"], unique: true, where: "amount > 0" },
    ],
  });
});
afterAll(async () => {
  await sql.unsafe(`drop table public.${model}`);
  await sql.end();
  await stage[Symbol.asyncDispose]();
});

const count = async (like: string): Promise<number> =>
  (await sql`select 1 from ${sql(model)} where sku like ${like}`).length;

describe("createMany", () => {
  it("with mode each writes what it can, and tells of each other row where it fails, in which layer and why", async () => {
    await ada.api.data.create.mutate({ model, row: { sku: "a-taken" } });
    const rows = [
      { sku: "a-0", amount: 1 },
      { sku: "a-1", amount: -1 },
      { sku: "a-taken" },
      { sku: "a-3", colour: "red" },
      { sku: "a-4", amount: 1000 },
      { sku: "a-5", parts: ["x", 'y"z', "null"], doc: { n: [1, null] } },
    ];
    const batch = await ada.api.data.createMany.mutate({ model, rows, mode: "each" });
    expect(batch.written).toEqual([0, 5]);
    expect(batch.rows).toEqual([
      { sku: "a-0", code: null, shelf: "A", amount: 1, parts: null, doc: null, twin: null },
      {
        sku: "a-5",
        code: null,
        shelf: "A",
        amount: null,
        parts: ["x", 'y"z', "null"],
        doc: { n: [1, null] },
        twin: null,
      },
    ]);
    expect(batch.failed).toMatchObject([
      { index: 1, code: "VALIDATION_FAILED", issues: [{ field: "rows.1.amount", rule: "minimum" }] },
      { index: 2, code: "UNIQUE_VIOLATION", issues: [{ field: "rows.2.sku", rule: "23505" }] },
      { index: 3, code: "UNKNOWN_COLUMN", issues: [{ field: "rows.3.colour" }] },
      { index: 4, code: "CHECK_VIOLATION", issues: [{ field: "rows.4.amount", rule: "23514" }] },
    ]);
    expect(await count("a-%")).toBe(3);
  });

  it("atomic says of its rows what it wrote, and with a key names the row that Postgres refuses", async () => {
    const rows = [{ sku: "b-0" }, { sku: "b-1" }];
    expect(await ada.api.data.createMany.mutate({ model, rows })).toMatchObject({ written: [0, 1], failed: [] });
    const wrong = { model, rows: [{ sku: "b-2" }, { sku: "b-0" }], idempotency_key: randomUUID() };
    expect(await refusalOf(ada.api.data.createMany.mutate(wrong))).toMatchObject({
      code: "UNIQUE_VIOLATION",
      httpStatus: 409,
      issues: [{ field: "rows.1.sku" }],
    });
    expect(await count("b-%")).toBe(2);
  });

  it("with mode each judges a deferred constraint by each row, too", async () => {
    const rows = ["t-0", "t-1", "t-2"].map((sku, index) => ({ sku, twin: index === 2 ? 8 : 7 }));
    const batch = await ada.api.data.createMany.mutate({ model, rows, mode: "each" });
    expect(batch).toMatchObject({ written: [0, 2], failed: [{ index: 1, code: "UNIQUE_VIOLATION" }] });
  });

  it("lets nobody write in another's name, each by itself either", async () => {
    const rows = [{ sku: "c-0" }, { sku: "c-1" }];
    await sql.unsafe(`create policy not_c1 on public.${model} as restrictive for insert with check (sku <> 'c-1')`);
    const batch = await eve.api.data.createMany.mutate({ model, rows, mode: "each" });
    expect(batch).toMatchObject({ written: [0], failed: [{ index: 1, code: "RLS_DENIED" }] });
    await sql.unsafe(`drop policy not_c1 on public.${model}`);
  });
});

describe("updateMany", () => {
  const updates = [
    { key: { sku: "d-0" }, changes: { amount: 5, parts: ["p"] } },
    { key: { sku: "d-none" }, changes: { amount: 5 } },
    { key: { sku: "d-eve" }, changes: { amount: 5 } },
    { key: { sku: "d-1" }, changes: { amount: 2000 } },
    { key: { sku: "d-2" }, changes: { shelf: "B", doc: "text" } },
  ];
  beforeAll(async () => {
    const rows = ["d-0", "d-1", "d-2"].map((sku) => ({ sku }));
    await ada.api.data.createMany.mutate({ model, rows });
    await eve.api.data.create.mutate({ model, row: { sku: "d-eve" } });
  });
  const amounts = async () =>
    (await sql`select sku, amount from ${sql(model)} where sku like 'd-%' order by sku`).map((row) => row["amount"]);

  it("atomic changes all or none, and names what is wrong", async () => {
    const [good, missing, foreign, checked, also] = updates;
    for (const [wrong, code, field] of [
      [missing, "NOT_FOUND", undefined],
      [foreign, "RLS_DENIED", undefined],
      [checked, "CHECK_VIOLATION", "updates.1.changes.amount"],
    ] as const) {
      const two = [good, wrong].filter((one) => one !== undefined);
      const refused = await refusalOf(ada.api.data.updateMany.mutate({ model, updates: two }));
      expect(refused.code).toBe(code);
      expect(refused.issues?.[0]?.field).toBe(field);
    }
    expect(await amounts()).toEqual([null, null, null, null]);
    const both = [good, also].filter((one) => one !== undefined);
    const batch = await ada.api.data.updateMany.mutate({ model, updates: both });
    expect(batch).toMatchObject({
      written: [0, 1],
      failed: [],
      rows: [
        { amount: 5, parts: ["p"] },
        { shelf: "B", doc: "text" },
      ],
    });
  });

  it("with mode each tells a row that is not there from one that is another's", async () => {
    const batch = await ada.api.data.updateMany.mutate({ model, updates, mode: "each" });
    expect(batch.written).toEqual([0, 4]);
    expect(batch.failed).toMatchObject([
      { index: 1, code: "NOT_FOUND" },
      { index: 2, code: "RLS_DENIED" },
      { index: 3, code: "CHECK_VIOLATION", issues: [{ field: "updates.3.changes.amount" }] },
    ]);
    const wrong = [{ key: { code: 1 }, changes: { amount: -1 } }];
    const refused = await refusalOf(ada.api.data.updateMany.mutate({ model, updates: wrong }));
    expect(refused.issues?.map(({ field }) => field)).toEqual(["updates.0.key", "updates.0.changes.amount"]);
  });

  it("is recorded as an update of the model's table", async () => {
    const request = randomUUID();
    const api = stage.client(ada.sessionToken, { "x-request-id": request });
    await api.data.updateMany.mutate({ model, updates: updates.slice(0, 1) });
    await stage.services.waybill.flush();
    const { rows } = await ada.api.operations.list.query({ request_id: request, table_name: model });
    expect(rows).toMatchObject([{ operation_type: "update", status: "success", schema_version: "1.0.0" }]);
  });
});

describe("upsert", () => {
  it.each([undefined, "once"])(
    "writes a row, then changes it, by the key or by an index of the model (key: %s)",
    async (once) => {
      const own = once === undefined ? {} : { idempotency_key: once };
      const next = (step: string) => (once === undefined ? {} : { idempotency_key: `${once}-${step}` });
      const sku = `e-${once}`;
      const code = once === undefined ? 1 : 2;
      const made = await ada.api.data.upsert.mutate({ model, row: { sku, code, amount: 1 }, ...own });
      expect(made).toMatchObject({ sku, amount: 1, shelf: "A" });
      const changed = await ada.api.data.upsert.mutate({ model, row: { sku, amount: 2 }, ...next("1") });
      expect(changed).toMatchObject({ sku, code, amount: 2 });
      const row = { sku: `${sku}-renamed`, code, shelf: "C" };
      const byCode = await ada.api.data.upsert.mutate({ model, row, on_conflict: ["code"], ...next("2") });
      expect(byCode).toMatchObject({ sku: `${sku}-renamed`, code, amount: 2, shelf: "C" });
      expect(await ada.api.data.upsert.mutate({ model, row: { sku: `${sku}-renamed` }, ...next("3") })).toMatchObject({
        code,
      });
      expect(await count(`${sku}%`)).toBe(1);
      const foreign = eve.api.data.upsert.mutate({ model, row: { sku: `${sku}-renamed`, amount: 3 }, ...own });
      expect(await refusalOf(foreign)).toMatchObject({ code: "RLS_DENIED" });
    },
  );

  it.each([
    ["on_conflict", { row: { sku: "x", shelf: "A" }, on_conflict: ["shelf"] }],
    ["on_conflict", { row: { sku: "x" }, on_conflict: ["sku", "code"] }],
    ["row.code", { row: { sku: "x" }, on_conflict: ["code"] }],
    ["row.code", { row: { sku: "x", code: null }, on_conflict: ["code"] }],
  ])("names %s where no whole unique index could tell the rows apart", async (field, input) => {
    const refused = await refusalOf(ada.api.data.upsert.mutate({ model, ...input }));
    expect(refused).toMatchObject({ code: "VALIDATION_FAILED", operation_id: null, issues: [{ field }] });
  });
});
