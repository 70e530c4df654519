import type { DataModelCreate, JsonObject } from "@waybill/contracts";
import { describe, expect, it } from "vitest";
import { compileModel, ddlOf } from "./compile-model.ts";
import { airportsModel, routesModel } from "./testing/airline.ts";

async function compiled(model: DataModelCreate, others: readonly DataModelCreate[]) {
  const result = await compileModel(model, others);
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.compiled;
}

describe("compileModel", () => {
  it("writes a model out as SQL", async () => {
    const { create, link } = await compiled(routesModel(), [airportsModel()]);
    expect(create).toEqual([
      [
        "create table public.routes (",
        "  id uuid default gen_random_uuid() not null,",
        "  contact text,",
        "  created_at timestamptz default now() not null,",
        "  destination varchar(4),",
        "  extras jsonb,",
        "  kind text default 'passenger'::text not null,",
        "  origin text not null,",
        "  seats integer,",
        "  user_id uuid default auth.uid(),",
        "  constraint routes_pkey primary key (id),",
        "  constraint routes_created_at_format check (extract(year from created_at at time zone 'UTC') between 1 and 9999),",
        "  constraint routes_extras_type check (jsonb_typeof(extras) in ('object')),",
        "  constraint routes_kind_enum check (kind in ('passenger', 'cargo')),",
        "  constraint routes_origin_pattern check (char_length(origin) <= 65536 and origin ~ '(?:^[A-Z0-9]{3,4}$)'),",
        "  constraint routes_seats_maximum check (seats <= 900),",
        "  constraint routes_seats_minimum check (seats >= 0),",
        "  constraint routes_seats_multiple_of check (seats % 2 = 0)",
        ")",
      ].join("\n"),
      "create unique index routes_origin_destination_key on public.routes using btree (origin, destination) where (kind = 'cargo')",
      "create index routes_extras on public.routes using gin (extras)",
      "create index routes_origin_idx on public.routes using btree (origin)",
      "create index routes_destination_idx on public.routes using btree (destination)",
      "alter table public.routes enable row level security",
      "revoke all on table public.routes from anon, authenticated",
      "grant select, insert, update, delete on table public.routes to authenticated",
      "grant all on table public.routes to service_role",
    ]);
    const own = "user_id = (select auth.uid())";
    expect(
      link.map((statement) =>
        statement.replaceAll(/\s+/g, " ").toLowerCase().replaceAll("((select auth.uid()))", "(select auth.uid())"),
      ),
    ).toEqual([
      "alter table public.routes add constraint routes_from_airport_fkey foreign key (origin) references public.airports (iata) on delete no action",
      "alter table public.routes add constraint routes_to_airport_fkey foreign key (destination) references public.airports (iata) on delete set null",
      `create policy "own rows: select" on public.routes for select to authenticated using (${own})`,
      `create policy "own rows: insert" on public.routes for insert to authenticated with check (${own})`,
      `create policy "own rows: update" on public.routes for update to authenticated using (${own}) with check (${own})`,
      `create policy "own rows: delete" on public.routes for delete to authenticated using (${own})`,
    ]);
  });

  it("names what the database leaves to the server", async () => {
    const { serverOnly, warnings } = await compiled(
      routesModel({}, { seats: { type: "number", multipleOf: 0.5 }, code: { type: "string", pattern: "\\bx" } }),
      [airportsModel()],
    );
    expect(serverOnly.map(({ field }) => field)).toEqual([
      "fields.properties.code.pattern",
      "fields.properties.contact.format",
      "fields.properties.extras.properties",
      "fields.properties.seats.multipleOf",
    ]);
    expect(warnings).toEqual([]);
    const whole = airportsModel({ fields: { ...airportsModel().fields, dependentRequired: { latitude: ["city"] } } });
    expect((await compiled(whole, [])).serverOnly.map(({ field }) => field)).toEqual(["fields.dependentRequired"]);
  });

  it("gives the same bytes whatever the order of a schema's keys and of the others", async () => {
    const stop = airportsModel({ model_name: "stops", table_name: "stops" });
    const turned = routesModel();
    const properties = Object.fromEntries(
      Object.entries(turned.fields.properties)
        .toReversed()
        .map(([name, schema]) => [name, turn(schema)]),
    );
    const other = { ...turned, fields: { ...turned.fields, properties } };
    const first = await compiled(routesModel(), [airportsModel(), stop]);
    expect(await compiled(other, [stop, airportsModel()])).toEqual(first);
    const airports = await compiled(airportsModel(), [turned]);
    expect(ddlOf([first, airports])).toBe(ddlOf([airports, first]));
  });

  it("looks through $ref and allOf", async () => {
    const $defs = { code: { type: "string", maxLength: 4 } };
    const airports = airportsModel({
      fields: {
        ...airportsModel().fields,
        $defs,
        properties: {
          iata: { allOf: [{ $ref: "#/$defs/code" }, { minLength: 3 }] },
          city: { $ref: "#/$defs/code", maxLength: 2 },
        },
      },
    });
    const [table] = (await compiled(airports, [])).create;
    expect(table).toContain("iata_min_length check (char_length(iata) >= 3)");
    expect(table).toContain("city_max_length check (char_length(city) <= 2 and char_length(city) <= 4)");
  });

  it("gives foreign keys to the table that has the columns, whoever declares them, and each only once", async () => {
    const one = { name: "departures", kind: "one-to-many", model: "routes", columns: ["origin"] };
    const hubs = airportsModel({ relationships: [one] });
    expect((await compiled(hubs, [routesModel()])).link.join()).not.toContain("foreign key");
    const keys = (link: readonly string[]) => link.filter((statement) => statement.includes("foreign key"));
    expect(keys((await compiled(routesModel(), [hubs])).link)).toHaveLength(2);
    const alone = routesModel({ relationships: [] });
    expect(keys((await compiled(alone, [hubs])).link)).toEqual([
      "alter table public.routes add constraint routes_origin_fkey foreign key (origin) references public.airports (iata) on delete no action",
    ]);
    const linked = {
      name: "linked",
      kind: "many-to-many",
      model: "airports",
      through: "routes",
      columns: ["origin"],
      target_columns: ["destination"],
      on_delete: "cascade",
    };
    const mesh = airportsModel({ relationships: [linked] });
    const between = await compiled(alone, [mesh]);
    expect(keys(between.link).map((statement) => statement.replace(/.*constraint (\S+) .*on delete/, "$1"))).toEqual([
      "routes_destination_fkey cascade",
      "routes_origin_fkey cascade",
    ]);
    expect(between.create.join()).toContain("routes_destination_idx");
  });

  it("takes away every grant where no policy lets anybody in", async () => {
    for (const rls_policies of [null, []]) {
      const { create, link, warnings } = await compiled(airportsModel({ rls_policies }), []);
      expect(create.slice(-2)).toEqual([
        "revoke all on table public.airports from anon, authenticated",
        "grant all on table public.airports to service_role",
      ]);
      expect(create).toContain("alter table public.airports enable row level security");
      expect(link).toEqual([]);
      expect(warnings).toEqual([
        { field: "rls_policies", rule: "lockout", message: expect.stringMatching(/nobody but the service role/) },
      ]);
    }
  });

  it("grants a table to whom a policy names, and takes it from everybody else", async () => {
    const read = (roles: string[]) => ({ name: roles.join(), command: "select", roles, using: "true" });
    const granted = async (...rls_policies: object[]) =>
      (await compiled(airportsModel({ rls_policies }), [])).create.slice(-3, -1);
    const revoked = "revoke all on table public.airports from anon, authenticated";
    const dml = "grant select, insert, update, delete on table public.airports to";
    expect(await granted(read(["anon"]))).toEqual([revoked, `${dml} anon`]);
    expect(await granted(read(["authenticated"]), read(["anon"]))).toEqual([revoked, `${dml} anon, authenticated`]);
    expect(await granted(read(["public"]))).toEqual([revoked, `${dml} anon, authenticated`]);
    expect((await granted(read(["service_role"]))).at(-1)).toBe(revoked);
  });

  it("warns of who may write and never see", async () => {
    const insert = { name: "add", command: "insert", roles: ["authenticated", "anon"], check: "true" };
    const read = { name: "read", command: "select", roles: ["authenticated"], using: "true" };
    const warned = async (rls_policies: object[]) => (await compiled(airportsModel({ rls_policies }), [])).warnings;
    expect(await warned([insert, read])).toEqual([
      {
        field: "rls_policies.0",
        rule: "lockout",
        message: expect.stringMatching(/for select, or anon cannot get back/),
      },
    ]);
    expect(await warned([{ ...insert, roles: ["service_role"] }])).toEqual([]);
    expect(await warned([insert, { ...read, roles: ["public"] }])).toEqual([]);
  });
});

function turn(schema: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(schema).toReversed());
}
