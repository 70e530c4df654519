import { scratchDatabase, start } from "@waybill/local-supabase";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { readCatalog } from "../migrations/catalog.ts";
import type { SqlSession } from "../migrations/sql-session.ts";
import { planChange, proveChange, type ScratchDatabase } from "../migrations/index.ts";
import { openSession } from "../migrations/testing/open-session.ts";
import { driftLines } from "./drift-lines.ts";
import { liveSchemaOf, tablesThere } from "./live-schema.ts";
import { everything } from "./testing/everything.ts";
import { handMade } from "./testing/hand-made.ts";

describe.each(["pglite", "native"] as const)("on %s", (engine) => {
  const opened = new AsyncDisposableStack();
  let scratch: ScratchDatabase;
  let live: SqlSession;
  let dbUrl: string;
  beforeAll(async () => {
    scratch = opened.use(await scratchDatabase({ engine }));
    dbUrl = engine === "pglite" ? inject("stack").dbUrl : opened.use(await start({ engine, seed: false })).dbUrl;
    live = opened.use(openSession(dbUrl));
  });
  afterAll(() => opened.disposeAsync());

  const schemaOf = (...tables: string[]) => liveSchemaOf({ dbUrl, scratch, tables });

  test("a table with everything in it is read with all that it refers to, and a plan starts from it and comes back", async () => {
    await live.exec(everything("whole"));
    opened.defer(() => live.exec("drop table public.whole, public.whole_other, public.whole_seen"));
    const { sql, tables } = await schemaOf("whole");
    expect(tables).toEqual(["whole", "whole_other", "whole_seen"]);
    const names = tables.map((name) => `"public"."${name}"`);
    const before = await readCatalog(live, names);
    const after = `${sql}\nalter table public.whole drop column note, add column extra text;`;
    const plan = await planChange({ scratch, before: sql, after });
    await proveChange({ scratch, plan });
    expect(plan.tables).toEqual(['"public"."whole"']);
    // every kind of line that the catalog has is read for people
    for (const line of driftLines(before, [])) expect(line).toMatch(/^public\.whole(_other|_seen)?: the /);
    // reading changed nothing, here or there
    expect(await readCatalog(live, names)).toEqual(before);
    expect(await scratch.query("select to_regclass('public.whole') as made")).toEqual([{ made: null }]);
    // what plans leave alone is not in it
    expect(sql).not.toMatch(/fillfactor|REPLICA IDENTITY|OWNER TO|said of the policy|PUBLICATION/i);
    expect(sql).toContain("said of the table");
  });

  test("tables that people have made are read with those that they refer to", async () => {
    await live.exec(handMade("own"));
    opened.defer(() => live.exec("drop table public.own_airports, public.own_routes"));
    expect((await schemaOf("own_routes")).tables).toEqual(["own_airports", "own_routes"]);
  });

  test("what is not there is nothing", async () => {
    expect(await schemaOf("never_made")).toEqual({ sql: "", tables: [] });
    expect(await tablesThere({ dbUrl, tables: ["never_made", "data_models"] })).toEqual(["data_models"]);
  });

  // what cannot differ between the engines is tried on the faster one
  if (engine === "pglite") return;

  test("what no model's table has is refused by its name", async () => {
    await live.exec(`
      create type public.no_mood as enum ('good');
      create function public.no_seen() returns boolean language sql as 'select true';
      create function public.no_touch() returns trigger language plpgsql as 'begin return new; end';
      create role no_reporter;
      create sequence public.no_numbers;
      create table public.no_type (id int primary key, mood public.no_mood);
      create table public.no_policy (id int primary key);
      create policy p on public.no_policy for select using (public.no_seen());
      create table public.no_trigger (id int primary key);
      create trigger t before insert on public.no_trigger for each row execute function public.no_touch();
      create table public.no_role (id int primary key);
      grant select on public.no_role to no_reporter;
      create table public.no_role_of_policy (id int primary key);
      create policy p on public.no_role_of_policy for select to no_reporter using (true);
      create table public.no_sequence (id int primary key default nextval('public.no_numbers'));
      create table public.no_rule (id int primary key);
      create rule r as on delete to public.no_rule do instead nothing;
      create table public.no_partitions (id int primary key) partition by range (id);
      create table public.no_partition partition of public.no_partitions for values from (1) to (9);
      create table public.no_heir () inherits (public.no_type);
      create schema no_schema;
      create table no_schema.far (id int primary key);
      create table public.no_far (id int primary key references no_schema.far);
      create table public.no_owner (id int primary key);
      alter table public.no_owner owner to no_reporter;
      create table public.no_waybill (id uuid primary key references public.data_models);
    `);
    opened.defer(() =>
      live.exec(`
      drop table public.no_partitions, public.no_heir, public.no_type, public.no_policy, public.no_trigger, public.no_role,
        public.no_role_of_policy, public.no_sequence, public.no_rule, public.no_far, public.no_owner, public.no_waybill;
      drop type public.no_mood; drop function public.no_seen, public.no_touch; drop sequence public.no_numbers;
      drop schema no_schema cascade; drop role no_reporter`),
    );
    const lines = [
      ["no_type", "the column mood of public.no_type needs the type public.no_mood"],
      ["no_policy", "the policy p of public.no_policy needs the function public.no_seen"],
      ["no_trigger", "the trigger t of public.no_trigger needs the function public.no_touch"],
      ["no_role", "the grant to no_reporter on the table public.no_role names the role no_reporter"],
      ["no_role_of_policy", "the policy p of public.no_role_of_policy names the role no_reporter"],
      ["no_sequence", "the default id of public.no_sequence needs the sequence public.no_numbers"],
      ["no_rule", "the rule r of public.no_rule is nothing that a model's table has"],
      ["no_partitions", "the table public.no_partitions is partitioned"],
      ["no_partition", "the table public.no_partition is partitioned, a partition"],
      ["no_heir", "the table public.no_heir is partitioned, a partition, or inherits"],
      ["no_far", "the constraint no_far_id_fkey of public.no_far needs the column id of no_schema.far"],
      ["no_owner", "public.no_owner is owned by no_reporter, and not by postgres"],
      ["no_waybill", "public.data_models is a table of Waybill itself"],
    ] as const;
    // each is read in some seconds on PGlite, and by the same code
    for (const [table, line] of engine === "native" ? lines : lines.slice(0, 3)) {
      const refused = await schemaOf(table).catch((thrown: unknown) => thrown);
      expect([table, refused]).toEqual([
        table,
        expect.objectContaining({
          code: "CHANGE_UNSUPPORTED",
          lines: expect.arrayContaining([expect.stringContaining(line)]),
        }),
      ]);
    }
  });

  test("beside tables that models make, only those that were asked for are as they are", async () => {
    const model = (name: string, more: string) =>
      `create table public.${name} (id int primary key${more}); alter table public.${name} enable row level security;`;
    const shop = model("bs_shop", ", town text");
    const order = (more: string) => model("bs_order", `, shop_id int references public.bs_shop${more}`);
    await live.exec(`create table public.bs_buyer (id int primary key, last_order int);
      ${model("bs_shop", ", town int, stray int")} ${order(", buyer int references public.bs_buyer")}
      alter table public.bs_buyer add foreign key (last_order) references public.bs_order`);
    opened.defer(() => live.exec("drop table public.bs_buyer, public.bs_order, public.bs_shop"));
    const read = (tables: string[], besides: string) => liveSchemaOf({ dbUrl, scratch, tables, besides });
    const before = await read(["bs_order"], shop);
    expect(before.tables).toEqual(["bs_buyer", "bs_order"]);
    expect(before.sql).not.toContain("stray");
    // the other table of the reference stays as it is, beside the model's new version
    const after = await read(["bs_buyer"], `${shop} ${order("")}`);
    expect(after.tables).toEqual(["bs_buyer"]);
    const plan = await planChange({ scratch, before: before.sql, after: after.sql });
    expect(plan.up.map(({ kind }) => kind)).toEqual(["keep data", "drop constraint", "drop column"]);
    // and one that is asked for takes the place of the model's
    const drifted = await read(["bs_shop"], `${shop} ${order("")}`);
    expect(drifted.tables).toEqual(["bs_shop"]);
    expect(drifted.sql).toContain("stray");
    await live.exec("alter table public.bs_shop rename constraint bs_shop_pkey to other_key");
    await expect(read(["bs_shop"], `${shop} ${order("")}`)).rejects.toMatchObject({
      code: "CHANGE_UNSUPPORTED",
      lines: [
        expect.stringContaining(
          "the constraint bs_order_shop_id_fkey of public.bs_order needs the constraint bs_shop_pkey",
        ),
      ],
    });
  });
});
