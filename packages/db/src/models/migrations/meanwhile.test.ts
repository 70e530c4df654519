import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createClient } from "@supabase/supabase-js";
import { scratchDatabase, start, type LocalSupabase } from "@waybill/local-supabase";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openTransport } from "../../client/index.ts";
import { untrackedFetch } from "../../untracked-fetch.ts";
import {
  applyChange,
  planChange,
  proveChange,
  purgeDropped,
  rollbackChange,
  scriptOf,
  type ScratchDatabase,
} from "./index.ts";
import { losingProxy } from "./testing/losing-proxy.ts";
import { openSession } from "./testing/open-session.ts";

const opened = new AsyncDisposableStack();
let scratch: ScratchDatabase;
let native: LocalSupabase;
beforeAll(async () => {
  scratch = opened.use(await scratchDatabase({ engine: "native" }));
  native = opened.use(await start({ engine: "native", seed: false }));
});
afterAll(() => opened.disposeAsync());

const make = (table: string, columns: string): string =>
  `create table public.${table} (id int primary key, ${columns})`;

test.each(["pglite", "native"] as const)(
  "the Data API of %s knows the new column at once, and after the rollback the old one",
  async (engine) => {
    const { url, ca, secretKey, dbUrl } = engine === "native" ? native : inject("stack");
    const transport = openTransport({ url, ca });
    opened.defer(() => transport.close());
    const client = createClient(url, secretKey, {
      global: { fetch: untrackedFetch(transport, 20_000) },
      auth: { persistSession: false, autoRefreshToken: false },
      db: { retry: false },
    });
    await using live = openSession(dbUrl);
    await live.exec(`${make("served", "note text")}; insert into served values (1, 'kept')`);
    const note = () => client.from("served").select("id, note");
    expect((await note()).data).toEqual([{ id: 1, note: "kept" }]);
    const plan = await planChange({
      scratch,
      before: make("served", "note text"),
      after: make("served", "tag text default 'new'"),
    });
    await applyChange({ dbUrl, plan, name: "served", confirmDestructive: true });
    await expect
      .poll(async () => (await client.from("served").select("id, tag")).data)
      .toEqual([{ id: 1, tag: "new" }]);
    await rollbackChange({ dbUrl, plan, confirmDestructive: true });
    await expect.poll(async () => (await note()).data).toEqual([{ id: 1, note: "kept" }]);
  },
);

test("what others write up to the moment of the change is kept, and there again after the rollback", async () => {
  const { dbUrl } = native;
  await using live = openSession(dbUrl);
  await live.exec(`${make("written", "note int")}; insert into written select n, 0 from generate_series(1, 4) n`);
  const plan = await planChange({ scratch, before: make("written", "note int"), after: make("written", "tag int") });
  const stop = new AbortController();
  /** Counts up in one row, as fast as it goes; gives the last number that the database took. */
  async function write(id: number): Promise<{ id: number; note: number }> {
    await using sql = openSession(dbUrl);
    let acknowledged = 0;
    while (!stop.signal.aborted) {
      const next = acknowledged + 1;
      const taken = await sql.exec(`update written set note = ${next} where id = ${id}`).then(
        () => true,
        () => false,
      );
      // the column is away
      if (!taken && (await columnIsThere(sql))) throw new Error("a write was refused though the column is there");
      if (taken) acknowledged = next;
    }
    return { id, note: acknowledged };
  }
  const columnIsThere = async (sql: ReturnType<typeof openSession>): Promise<boolean> => {
    const rows = await sql.query(
      "select 1 from pg_attribute where attrelid = 'written'::regclass and attname = 'note'",
    );
    // between the refusal and this look a rollback may have come
    return (
      rows.length === 1 &&
      (await sql.exec("update written set note = note where false").then(
        () => false,
        () => true,
      ))
    );
  };
  const writers = [1, 2, 3, 4].map(write);
  for (let round = 0; round < 5; round++) {
    await applyChange({ dbUrl, plan, name: "written", confirmDestructive: true, tries: 20 });
    await rollbackChange({ dbUrl, plan, confirmDestructive: true, tries: 20 });
  }
  stop.abort();
  const acknowledged = await Promise.all(writers);
  expect(await live.query("select id, note from written order by id")).toEqual(acknowledged);
  expect(Math.min(...acknowledged.map(({ note }) => note))).toBeGreaterThan(0);
});

test("names of every kind go both ways", async () => {
  const tables = ["select", 'a"b', "x;--", "Up Down"];
  const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
  const names = [
    "select",
    "Up Down",
    'a"b',
    "it's",
    "$waybill$",
    "%I %s",
    "back\\slash",
    "waybill_one",
    "ÄÖ/*",
    "x;--",
    "OWNER TO",
    "t",
    "d",
  ];
  const table = (name: string, columns: readonly string[]): string =>
    `create table public.${quoted(name)} (id int primary key, ${columns.map((column) => `${quoted(column)} text check (${quoted(column)} <> ' OWNER TO "x"')`).join(", ")});
    create index ${quoted(`${name} i`)} on public.${quoted(name)} (${quoted(columns[0] ?? "id")});`;
  const all = (list: readonly string[]): string => tables.map((name) => table(name, list)).join("\n");
  const before = all(names);
  // the even ones go, others come, one changes its type
  const after = all(names.map((name, n) => (n % 2 === 0 ? name : `${name}_`))).replaceAll(
    '"select" text',
    '"select" varchar(9)',
  );
  const row = { id: 1, ...Object.fromEntries(names.map((name) => [name, name.slice(0, 9)])) };
  const rows = Object.fromEntries(tables.map((name) => [`public.${quoted(name)}`, [row]]));
  const renames = [{ table: 'public."Up Down"', column: "it's", to: "it's_" }];
  const plan = await planChange({ scratch, before, after, rows, renames });
  const proof = await proveChange({ scratch, plan, rows });
  expect(Object.keys(proof.rows)).toHaveLength(tables.length);
  const { dbUrl } = native;
  await using live = openSession(dbUrl);
  await live.exec(before);
  await live.exec(
    `insert into public."a""b" select * from json_populate_record(null::public."a""b", '${JSON.stringify(row).replaceAll("'", "''")}')`,
  );
  await applyChange({ dbUrl, plan, name: "names", confirmDestructive: true });
  await rollbackChange({ dbUrl, plan, confirmDestructive: true });
  expect(await live.query('select to_jsonb(t.*) as row from public."a""b" t')).toEqual([{ row }]);
});

test("a change that takes too long is stopped, changes nothing and holds no lock", async () => {
  const { dbUrl } = native;
  await using live = openSession(dbUrl);
  await live.exec(make("late", "note text"));
  const plan = await planChange({
    scratch,
    before: make("late", "note text"),
    after: make("late", "note text, more int"),
  });
  const options = { dbUrl, plan, name: "late", deadlineMs: 1500 };
  // whoever is told of a step never answers
  const hung = applyChange({
    ...options,
    onStep: ({ step }) => (step === "record" ? new Promise(() => undefined) : undefined),
  });
  await expect(hung).rejects.toMatchObject({ code: "MIGRATION_TIMEOUT" });
  await live.exec("begin; lock table late in access exclusive mode");
  await expect(applyChange({ ...options, lockTimeoutMs: 60_000 })).rejects.toMatchObject({ code: "MIGRATION_TIMEOUT" });
  await live.exec("commit");
  expect(
    await live.query("select attname from pg_attribute where attrelid = 'late'::regclass and attname = 'more'"),
  ).toEqual([]);
  expect(await applyChange({ ...options, deadlineMs: 60_000 })).toMatchObject({ already: false });
});

test("what others change on tables that the plan leaves alone is no drift", async () => {
  const { dbUrl } = native;
  await using live = openSession(dbUrl);
  const place = make("pointed_place", "name text");
  const before = `${place}; ${make("pointing", "place int references public.pointed_place")}`;
  await live.exec(before);
  const plan = await planChange({ scratch, before, after: `${before}; create index on public.pointing (place)` });
  expect(plan.tables).toEqual(['"public"."pointing"']);
  await live.exec("create index on pointed_place (name)");
  expect(await applyChange({ dbUrl, plan, name: "pointing" })).toMatchObject({ already: false });
});

test("a commit whose answer is lost is found out, and nothing is done twice", async () => {
  const { dbUrl } = native;
  await using live = openSession(dbUrl);
  await live.exec(`${make("doubted", "note text")}; insert into doubted values (1, 'kept')`);
  const plan = await planChange({ scratch, before: make("doubted", "note text"), after: make("doubted", "tag text") });
  const options = { plan, name: "doubted", confirmDestructive: true };
  await using up = await losingProxy(dbUrl, 1);
  expect(await applyChange({ ...options, dbUrl: up.dbUrl })).toMatchObject({ already: true });
  await using down = await losingProxy(dbUrl, 1);
  expect(await rollbackChange({ ...options, dbUrl: down.dbUrl })).toMatchObject({ name: "doubted", already: true });
  expect([up.lost(), down.lost()]).toEqual([1, 1]);
  expect(await live.query("select note from doubted")).toEqual([{ note: "kept" }]);
  // with no other try it is in doubt, and the same plan given again settles it
  await using last = await losingProxy(dbUrl, 1);
  const once = applyChange({ ...options, dbUrl: last.dbUrl, tries: 1 });
  await expect(once).rejects.toMatchObject({ code: "MIGRATION_IN_DOUBT" });
  expect(await applyChange({ ...options, dbUrl })).toMatchObject({ already: true });
});

test("it stays in doubt when the tries after a lost answer find somebody else at work", async () => {
  const { dbUrl } = native;
  await using live = openSession(dbUrl);
  await using rival = openSession(dbUrl);
  await live.exec(make("rivalled", "note text"));
  const plan = await planChange({
    scratch,
    before: make("rivalled", "note text"),
    after: make("rivalled", "tag text"),
  });
  await using proxy = await losingProxy(dbUrl, 1);
  const next = "begin; select pg_advisory_xact_lock(hashtext('waybill'), hashtext('migrations'))";
  const options = { plan, name: "rivalled", confirmDestructive: true, tries: 2, lockTimeoutMs: 200 };
  const changed = applyChange({
    ...options,
    dbUrl: proxy.dbUrl,
    onStep: async ({ step }) => {
      if (step !== "commit") return;
      // waits behind this change, and has the lock before another try asks for it
      void rival.exec(next);
      await wait(200);
    },
  });
  await expect(changed).rejects.toMatchObject({
    code: "MIGRATION_IN_DOUBT",
    hint: expect.stringContaining("the same call again"),
  });
  await rival.exec("rollback");
  expect(await applyChange({ ...options, dbUrl })).toMatchObject({ already: true });
});

test("after a narrowed type the rollback brings back what was cut off, but not over what somebody wrote since", async () => {
  const { dbUrl } = native;
  await using live = openSession(dbUrl);
  await live.exec(
    `${make("narrowed", "price numeric(10,2)")}; insert into narrowed values (1, 1.25), (2, 2.75), (3, 3.25)`,
  );
  const plan = await planChange({
    scratch,
    before: make("narrowed", "price numeric(10,2)"),
    after: make("narrowed", "price numeric(10,0)"),
  });
  await applyChange({ dbUrl, plan, name: "narrowed", confirmDestructive: true });
  await live.exec(
    "update narrowed set price = 9 where id = 2; delete from narrowed where id = 3; insert into narrowed values (4, 4)",
  );
  expect(await live.query("select id, price from narrowed order by id")).toEqual([
    { id: 1, price: "1" },
    { id: 2, price: "9" },
    { id: 4, price: "4" },
  ]);
  await rollbackChange({ dbUrl, plan, confirmDestructive: true });
  expect(await live.query("select id, price from narrowed order by id")).toEqual([
    { id: 1, price: "1.25" },
    { id: 2, price: "9.00" },
    { id: 4, price: "4.00" },
  ]);
});

test("numbers of rows that are gone are not given again when a type was changed and is changed back", async () => {
  const { dbUrl } = native;
  await using live = openSession(dbUrl);
  const counted = (type: string): string =>
    `create table public.counted (id ${type} generated by default as identity primary key, note text)`;
  await live.exec(`${counted("bigint")}; insert into counted (note) select 'a' from generate_series(1, 5)`);
  await live.exec("delete from counted where id > 3");
  const plan = await planChange({ scratch, before: counted("bigint"), after: counted("integer") });
  await applyChange({ dbUrl, plan, name: "counted", confirmDestructive: true });
  await rollbackChange({ dbUrl, plan, confirmDestructive: true });
  expect(await live.query("insert into counted (note) values ('b') returning id")).toEqual([{ id: "6" }]);
});

test("the way back by hand waits for other changes, and refuses what was purged", async () => {
  const { dbUrl } = native;
  await using live = openSession(dbUrl);
  await live.exec(`${make("handed", "note text")}; insert into handed values (1, 'kept')`);
  const plan = await planChange({ scratch, before: make("handed", "note text"), after: make("handed", "tag text") });
  await applyChange({ dbUrl, plan, name: "handed", confirmDestructive: true });
  const script = scriptOf(plan, "down", "somebody");
  await using rival = openSession(dbUrl);
  await rival.exec("begin; select pg_advisory_xact_lock(hashtext('waybill'), hashtext('migrations'))");
  const hurried = script.replace("begin;", "begin; set local lock_timeout = 100;");
  await expect(live.exec(hurried)).rejects.toMatchObject({ code: "55P03" });
  await rival.exec("rollback");
  await live.exec("rollback");
  await purgeDropped({ dbUrl, plan });
  await expect(live.exec(script)).rejects.toThrow(/no longer in waybill_dropped.handed_note_.* purged/);
  await live.exec("rollback");
  expect(await live.query("select id, tag from handed")).toEqual([{ id: 1, tag: null }]);
});

test("a rollback takes its files away before it is committed, and puts them back when it is not", async () => {
  const { dbUrl } = native;
  await using live = openSession(dbUrl);
  const folder = await mkdtemp(join(tmpdir(), "waybill-files-"));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  await live.exec(make("filed", "note text"));
  const plan = await planChange({ scratch, before: make("filed", "note text"), after: make("filed", "tag text") });
  const options = { dbUrl, plan, folder, confirmDestructive: true };
  const { files } = await applyChange({ ...options, name: "filed" });
  const there = () => files.filter((file) => existsSync(file));
  let atCommit: string[] = files.slice();
  const stopped = rollbackChange({
    ...options,
    onStep: ({ step }) => {
      if (step !== "commit") return;
      atCommit = there();
      throw new Error("it is stopped here");
    },
  });
  await expect(stopped).rejects.toThrow("it is stopped here");
  expect(atCommit).toEqual([]);
  expect(there()).toEqual(files);
  expect(await rollbackChange(options)).toMatchObject({ files });
  expect(there()).toEqual([]);
});
