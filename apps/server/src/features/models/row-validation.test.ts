import { randomBytes, randomUUID } from "node:crypto";
import { createTRPCClient, httpLink } from "@trpc/client";
import { createRowValidator } from "@waybill/contracts/browser";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { AppRouter } from "../../app-router.ts";
import { refusalOf } from "../../testing/refusal.ts";
import { openSql } from "../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../testing/stage.ts";

const suffix = randomBytes(5).toString("hex");
const model = `trips_${suffix}`;
const places = `places_${suffix}`;
const sql = openSql(inject("stack").dbUrl);

let stage: Stage;
let admin: Person;
let ada: Person;
let bea: Person;

const fields = {
  type: "object" as const,
  required: ["id", "name"],
  properties: {
    id: { type: "string", format: "uuid" },
    name: { type: "string", maxLength: 20 },
    code: { type: ["string", "null"], maxLength: 8 },
    seats: { type: ["integer", "null"], minimum: 0 },
    taken: { type: ["integer", "null"], minimum: 0 },
    leaves: { type: ["string", "null"], format: "date-time" },
    arrives: { type: ["string", "null"], format: "date-time" },
    place: { type: ["string", "null"], format: "uuid" },
  },
};
const validation_rules = [
  { name: "not_full", expression: "taken <= seats", message: "must leave a seat" },
  { name: "in_order", expression: "leaves < arrives", message: "must end after it begins", fields: ["arrives"] },
  { name: "spelled", expression: "name.matches('^[A-Z]')", message: "must begin with a capital" },
];

beforeAll(async () => {
  stage = await openStage();
  [admin, ada, bea] = await Promise.all([stage.newAdmin(), stage.newUser(), stage.newUser()]);
  await sql.unsafe(`
    create table public.${places} (
      id uuid primary key, name text not null, owner_id uuid not null default auth.uid()
    );
    create table public.${model} (
      id uuid primary key, name text not null, code text unique, seats integer, taken integer,
      leaves timestamptz, arrives timestamptz, place uuid references public.${places},
      owner_id uuid not null default auth.uid()
    );
    alter table public.${places} enable row level security;
    alter table public.${model} enable row level security;
    create policy own on public.${places} for all to authenticated
      using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
    create policy own on public.${model} for all to authenticated
      using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
    grant select, insert, update, delete on public.${places}, public.${model} to authenticated;
    notify pgrst, 'reload schema';
  `);
  const uuid = { type: "string", format: "uuid" };
  const named = {
    type: "object" as const,
    required: ["id", "name"],
    properties: { id: uuid, name: { type: "string" } },
  };
  const version = { schema_version: "1.0.0" };
  await admin.api.models.create.mutate({ ...version, model_name: places, table_name: places, fields: named });
  await admin.api.models.create.mutate({
    ...version,
    model_name: model,
    table_name: model,
    fields,
    validation_rules,
    indexes: [{ columns: ["code"], unique: true }],
    relationships: [{ name: "to_place", kind: "many-to-one", model: places, columns: ["place"] }],
  });
});
afterAll(async () => {
  await sql.unsafe(`drop table if exists public.${model}, public.${places}`);
  await sql.end();
  await stage[Symbol.asyncDispose]();
});

const trip = (changes: Record<string, string | number | null> = {}) => ({ id: randomUUID(), name: "Nome", ...changes });

describe("rules when rows are written", () => {
  it.each([
    [{ taken: 3, seats: 2 }, ["row.taken", "row.seats"], "not_full", "must leave a seat"],
    [{ leaves: "2026-01-02T00:00:00Z", arrives: "2026-01-01T00:00:00Z" }, ["row.arrives"], "in_order", "must end"],
    [{ name: "nome" }, ["row.name"], "spelled", "capital"],
  ])("refuse %j at %j by %s", async (changes, at, rule, message) => {
    const refused = await refusalOf(ada.api.data.create.mutate({ model, row: trip(changes) }));
    expect(refused).toMatchObject({ code: "VALIDATION_FAILED", httpStatus: 400 });
    expect(refused.issues).toEqual(
      at.map((field) => ({ field, rule, layer: "rule", message: expect.stringContaining(message) })),
    );
  });

  it("come after the schema, and name the row of many", async () => {
    const both = await refusalOf(ada.api.data.create.mutate({ model, row: trip({ seats: -1, name: "nome" }) }));
    expect(both.issues).toMatchObject([{ field: "row.seats", rule: "minimum", layer: "schema" }]);
    const many = await refusalOf(ada.api.data.createMany.mutate({ model, rows: [trip(), trip({ name: "nome" })] }));
    expect(many.issues).toMatchObject([{ field: "rows.1.name", rule: "spelled", layer: "rule" }]);
  });

  it("leave open what is null, and what the database refuses says that it did", async () => {
    const code = randomBytes(3).toString("hex");
    await ada.api.data.create.mutate({ model, row: trip({ taken: 3, code }) });
    const taken = await refusalOf(ada.api.data.create.mutate({ model, row: trip({ code }) }));
    expect(taken).toMatchObject({ code: "UNIQUE_VIOLATION", issues: [{ field: "row.code", layer: "database" }] });
  });

  it("are held against the row as an update leaves it", async () => {
    const { id, ...rest } = trip({ seats: 2, taken: 1 });
    await ada.api.data.create.mutate({ model, row: { id, ...rest } });
    const key = { id };
    const refused = await refusalOf(ada.api.data.update.mutate({ model, key, changes: { taken: 3 } }));
    expect(refused.issues).toMatchObject([
      { field: "changes.taken", rule: "not_full", layer: "rule" },
      { field: "changes.seats", rule: "not_full" },
    ]);
    expect(await ada.api.data.update.mutate({ model, key, changes: { taken: 3, seats: 3 } })).toMatchObject({
      taken: 3,
    });
    expect(await ada.api.data.update.mutate({ model, key, changes: { seats: null } })).toMatchObject({ seats: null });
    const hidden = await refusalOf(bea.api.data.update.mutate({ model, key, changes: { taken: 1 } }));
    expect(hidden).toMatchObject({ code: "NOT_FOUND" });
  });

  it("are held against the rows as an updateMany and an upsert leave them", async () => {
    const [full, free] = [trip({ seats: 2, taken: 2 }), trip({ seats: 9, taken: 1 })];
    await ada.api.data.createMany.mutate({ model, rows: [full, free] });
    const updates = [full, free].map(({ id }) => ({ key: { id }, changes: { taken: 3 } }));
    const all = await refusalOf(ada.api.data.updateMany.mutate({ model, updates }));
    expect(all.issues?.map(({ field, rule }) => [field, rule])).toEqual([
      ["updates.0.changes.taken", "not_full"],
      ["updates.0.changes.seats", "not_full"],
    ]);
    const each = await ada.api.data.updateMany.mutate({ model, updates, mode: "each" });
    expect(each).toMatchObject({ written: [1], failed: [{ index: 0, issues: [{ rule: "not_full" }, {}] }] });
    // what it does not give stays as it is
    const upsert = (row: { id: string }) =>
      ada.api.data.upsert.mutate({ model, row: { id: row.id, name: "Nome", taken: 5 } });
    expect((await refusalOf(upsert(full))).issues).toMatchObject([
      { field: "row.taken", rule: "not_full", layer: "rule" },
      { field: "row.seats" },
    ]);
    expect(await upsert(free)).toMatchObject({ taken: 5, seats: 9 });
    expect(await upsert(trip())).toMatchObject({ taken: 5, seats: null });
  });

  it("are refused themselves when they cannot be run", async () => {
    const name = `bad_${suffix}`;
    const rule = { name: "r", expression: "seats / taken > nope", message: "no" };
    const refused = await refusalOf(
      admin.api.models.create.mutate({
        model_name: name,
        table_name: name,
        schema_version: "1.0.0",
        fields,
        validation_rules: [rule],
      }),
    );
    expect(refused).toMatchObject({
      code: "VALIDATION_FAILED",
      issues: [{ field: "validation_rules.0.expression", rule: "unknown_column" }],
    });
    const changes = { schema_version: "2.0.0", validation_rules: [{ ...rule, expression: "seats" }] };
    const update = { model_name: model, expected_version: "1.0.0", changes };
    expect(await refusalOf(admin.api.models.update.mutate(update))).toMatchObject({
      issues: [{ field: "validation_rules.0.expression", rule: "boolean" }],
    });
  });
});

describe("models.validate", () => {
  it("tells schema and rules in the browser's own words", async () => {
    const browser = createRowValidator(fields, validation_rules);
    for (const row of [trip({ seats: -1 }), trip({ seats: 1, taken: 2 }), trip(), { name: "no id" }]) {
      const { issues } = await ada.api.models.validate.query({ model, row });
      const local = browser.row(row);
      expect(local.ok ? [] : local.issues).toEqual(issues);
    }
  });

  it("tells what is taken and what is referred to, under the caller's own rights, and writes nothing", async () => {
    const place = { id: randomUUID(), name: "Bea's" };
    await bea.api.data.create.mutate({ model: places, row: place });
    const code = randomBytes(3).toString("hex");
    const first = trip({ code });
    await bea.api.data.create.mutate({ model, row: first });
    const row = { ...first, place: place.id };
    const told = async (person: Person, ...[changes]: [object?]) =>
      (await person.api.models.validate.query({ model, row: { ...row, ...changes } })).issues.map(
        ({ field, rule, layer }) => `${field} ${rule} ${layer}`,
      );
    expect(await told(bea)).toEqual(["id 23505 database", "code 23505 database"]);
    // she sees neither, but a write would be refused by the key, too
    expect(await told(ada)).toEqual(["place 23503 database", "id 23505 database"]);
    expect(await told(bea, { id: randomUUID(), code: null, place: null })).toEqual([]);
    expect(await told(bea, { place: "no id", name: "nome", code: null }), "the schema comes first").toEqual([
      "place format schema",
      "id 23505 database",
    ]);
    const [{ count } = { count: 0 }] = await sql.unsafe(`select count(*)::int from public.${model} where code = $1`, [
      code,
    ]);
    expect(count).toBe(1);
  });

  it("holds changes against the row that they are of, which is not taken by itself", async () => {
    const code = randomBytes(3).toString("hex");
    const { id, ...rest } = trip({ code, seats: 1, taken: 1 });
    await ada.api.data.create.mutate({ model, row: { id, ...rest } });
    const key = { id };
    const ask = (row: Record<string, string | number>) => ada.api.models.validate.query({ model, key, row });
    expect(await ask({ code })).toEqual({ issues: [] });
    expect(await ask({ taken: 2 })).toMatchObject({
      issues: [{ field: "taken", rule: "not_full" }, { field: "seats" }],
    });
    const validate = bea.api.models.validate.query({ model, key, row: { code } });
    expect(await refusalOf(validate)).toMatchObject({ code: "NOT_FOUND" });
    const wrong = ada.api.models.validate.query({ model, key: { code }, row: { code } });
    expect(await refusalOf(wrong)).toMatchObject({ issues: [{ field: "key", rule: "primary_key" }] });
  });

  it("takes a row that is not whole yet, and one that is too long for a URL", async () => {
    expect(await ada.api.models.validate.query({ model, row: { taken: 3 }, partial: true })).toEqual({ issues: [] });
    const part = await ada.api.models.validate.query({ model, row: { name: "nome" }, partial: true });
    expect(part).toMatchObject({ issues: [{ field: "name", rule: "spelled" }] });
    const headers = { authorization: `Bearer ${ada.sessionToken}` };
    const posting = createTRPCClient<AppRouter>({
      links: [httpLink({ url: `${stage.url}/trpc`, headers, methodOverride: "POST" })],
    });
    const row = trip({ name: "n".repeat(100_000) });
    expect(await posting.models.validate.query({ model, row })).toMatchObject({ issues: [{ rule: "maxLength" }] });
    expect(await refusalOf(posting.models.list.query({}))).toMatchObject({ httpStatus: 405 });
  });
});
