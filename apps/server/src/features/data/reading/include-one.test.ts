import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { openSql } from "../../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";

// a driver has one licence, and by way of its badge one depot: the foreign keys are keys of their tables too
const [drivers, licences, depots, badges] = ["one_drivers", "one_licences", "one_depots", "one_badges"] as const;
const tables = [drivers, licences, depots, badges];
const sql = openSql(inject("stack").dbUrl);
let stage: Stage;
let ada: Person;

beforeAll(async () => {
  stage = await openStage();
  const admin = await stage.newAdmin();
  ada = await stage.newUser();
  await sql.unsafe(`
    create table public.${drivers} (id integer primary key);
    create table public.${licences} (driver_id integer primary key references public.${drivers} (id), class text);
    create table public.${depots} (id integer primary key, town text);
    create table public.${badges} (
      driver_id integer primary key references public.${drivers} (id), depot_id integer references public.${depots} (id));
    insert into public.${drivers} values (1), (2);
    insert into public.${licences} values (1, 'C');
    insert into public.${depots} values (7, 'Ulm');
    insert into public.${badges} values (1, 7)`);
  for (const table of tables) {
    await sql.unsafe(`
      alter table public.${table} enable row level security;
      create policy everybody on public.${table} to authenticated using (true);
      grant select on public.${table} to authenticated`);
  }
  await sql.unsafe(`notify pgrst, 'reload schema'`);
  const id = { type: "integer" };
  const text = { type: ["string", "null"] };
  const create = (name: string, key: string, properties: Record<string, { type: string | string[] }>) =>
    admin.api.models.create.mutate({
      model_name: name,
      table_name: name,
      schema_version: "1.0.0",
      fields: { type: "object", properties, "x-primary-key": [key] },
    });
  await create(licences, "driver_id", { driver_id: id, class: text });
  await create(depots, "id", { id, town: text });
  await create(badges, "driver_id", { driver_id: id, depot_id: { type: ["integer", "null"] } });
  await admin.api.models.create.mutate({
    model_name: drivers,
    table_name: drivers,
    schema_version: "1.0.0",
    fields: { type: "object", properties: { id } },
    relationships: [
      { name: "licences", kind: "one-to-many", model: licences, columns: ["driver_id"] },
      {
        name: "depots",
        kind: "many-to-many",
        model: depots,
        through: badges,
        columns: ["driver_id"],
        target_columns: ["depot_id"],
      },
    ],
  });
});
afterAll(async () => {
  await sql.unsafe(`drop table ${tables.toReversed().join(", ")}`);
  await sql.end();
  await stage[Symbol.asyncDispose]();
});

it("many of which there is one at the most come along as a list of one, or of none", async () => {
  const include = { licences: { columns: ["class"], limit: 2 }, depots: { order: [{ column: "town" }] } };
  const { rows } = await ada.api.data.list.query({ model: drivers, include });
  expect(rows).toEqual([
    { id: 1, licences: [{ class: "C" }], depots: [{ id: 7, town: "Ulm" }] },
    { id: 2, licences: [], depots: [] },
  ]);
  const filters = [{ column: "town", op: "eq" as const, value: "Bonn" }];
  const got = await ada.api.data.get.query({ model: drivers, key: { id: 1 }, include: { depots: { filters } } });
  expect(got).toEqual({ id: 1, depots: [] });
});
