import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scratchDatabase, start } from "@waybill/local-supabase";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import {
  applyChange,
  planChange,
  purgeDropped,
  rollbackChange,
  type MigrationPlan,
  type ScratchDatabase,
} from "./index.ts";
import { killedChange } from "./testing/killed-change.ts";
import { openSession } from "./testing/open-session.ts";
import { runChanges } from "./testing/run-changes.ts";

// what cannot differ between the engines is tried on the faster one
describe.each(["pglite", "native"] as const)("on %s", (engine) => {
  const opened = new AsyncDisposableStack();
  let scratch: ScratchDatabase;
  let live: ReturnType<typeof openSession>;
  let dbUrl: string;
  beforeAll(async () => {
    scratch = opened.use(await scratchDatabase({ engine }));
    dbUrl = engine === "pglite" ? inject("stack").dbUrl : opened.use(await start({ engine, seed: false })).dbUrl;
    live = opened.use(openSession(dbUrl));
  });
  afterAll(() => opened.disposeAsync());

  const make = (table: string, columns: string): string =>
    `create table public.${table} (id int primary key, ${columns}); alter table public.${table} enable row level security`;
  const plan = (before: string, after: string): Promise<MigrationPlan> => planChange({ scratch, before, after });
  const columnsOf = async (table: string): Promise<string[]> =>
    (
      await live.query(
        "select attname from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by 1",
        [table],
      )
    ).map(({ attname }) => String(attname));
  const history = (fingerprint: string) =>
    live.query(
      "select version, name, statements, rollback from supabase_migrations.schema_migrations where idempotency_key = $1",
      [`waybill:${fingerprint}`],
    );

  /** A table with 100 rows, and the plan that replaces its column `note` by `tag`. */
  async function prepared(table: string): Promise<MigrationPlan> {
    await live.exec(
      `${make(table, "note text")}; insert into ${table} select n, 'note ' || n from generate_series(1, 100) n`,
    );
    return plan(make(table, "note text"), make(table, "tag text"));
  }

  test("a change is recorded with its way back, written as files, taken back with its data, and made again", async () => {
    const folder = await mkdtemp(join(tmpdir(), "waybill-migrations-"));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    const change = await prepared("recorded");
    const options = { dbUrl, plan: change, folder, confirmDestructive: true };
    const applied = await applyChange({ ...options, name: "note_to_tag" });
    expect(applied).toMatchObject({ version: expect.stringMatching(/^\d{14}$/), already: false, fileError: null });
    expect(await columnsOf("recorded")).toEqual(["id", "tag"]);
    expect(await history(change.fingerprint)).toEqual([
      {
        version: applied.version,
        name: "note_to_tag",
        statements: change.up.map(({ sql }) => sql),
        rollback: change.down.map(({ sql }) => sql),
      },
    ]);
    const file = `${applied.version}_note_to_tag.sql`;
    expect((await readdir(folder)).sort()).toEqual([file, "rollbacks"]);
    expect(await readdir(join(folder, "rollbacks"))).toEqual([file]);
    expect((await stat(join(folder, file))).mode & 0o777).toBe(0o644);
    for (const { sql } of change.up) expect(await readFile(join(folder, file), "utf8")).toContain(`${sql};\n`);

    await live.exec("insert into recorded values (101, 'new'); update recorded set tag = 'old' where id = 1");
    // seen by nobody but the owner
    const [kept] = await live.query(
      `select has_table_privilege('service_role', '${change.keeps.up[0]?.sideTable}', 'select') as seen`,
    );
    expect(kept).toEqual({ seen: false });
    expect(await rollbackChange(options)).toMatchObject({ version: applied.version, already: false, fileError: null });
    expect(
      await live.query(
        "select count(*)::int, count(note)::int as notes, max(note) filter (where id = 7) as seventh from recorded",
      ),
    ).toEqual([{ count: 101, notes: 100, seventh: "note 7" }]);
    expect(await history(change.fingerprint)).toEqual([]);
    expect([await readdir(folder), await readdir(join(folder, "rollbacks"))]).toEqual([["rollbacks"], []]);
    expect(await applyChange({ ...options, name: "note_to_tag" })).toMatchObject({ already: false });
    expect(await live.query("select id, tag from recorded where tag is not null order by id")).toEqual([
      { id: 1, tag: "old" },
      { id: 101, tag: "new" },
    ]);
  });

  test("the same plan is not applied twice, and files that are missing are written then", async () => {
    const change = await prepared("twice");
    const options = { dbUrl, plan: change, confirmDestructive: true, name: "twice" };
    const first = await applyChange({ ...options, folder: "/dev/null/no-folder" });
    expect(first.fileError).toContain("ENOTDIR");
    const folder = await mkdtemp(join(tmpdir(), "waybill-migrations-"));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    expect(await applyChange({ ...options, folder })).toMatchObject({ version: first.version, already: true });
    expect(await readdir(folder)).toContain(`${first.version}_twice.sql`);
  });

  test("what loses data is confirmed, in both directions", async () => {
    const change = await prepared("confirmed");
    const options = { dbUrl, plan: change, name: "confirmed" };
    await expect(applyChange(options)).rejects.toMatchObject({
      code: "CONFIRMATION_NEEDED",
      lines: [expect.stringContaining("public.confirmed.note")],
    });
    expect(await columnsOf("confirmed")).toEqual(["id", "note"]);
    await applyChange({ ...options, confirmDestructive: true });
    await expect(rollbackChange(options)).rejects.toMatchObject({
      code: "CONFIRMATION_NEEDED",
      lines: [expect.stringContaining("public.confirmed.tag")],
    });
    const adding = await plan(make("confirmed", "tag text"), make("confirmed", "tag text, more int"));
    await applyChange({ dbUrl, plan: adding, name: "adding" });
    expect(await columnsOf("confirmed")).toEqual(["id", "more", "tag"]);
  });

  test("a table that somebody has changed meanwhile is left alone, on the way up and back", async () => {
    const change = await prepared("drifted");
    const options = { dbUrl, plan: change, confirmDestructive: true, name: "drifted" };
    for (const [drift, undo] of [
      ["alter table drifted add column more int", "alter table drifted drop column more"],
      ["create policy p on drifted for select using (true)", "drop policy p on drifted"],
      ["alter table drifted disable row level security", "alter table drifted enable row level security"],
      ["create index drifted_i on drifted (note)", "drop index drifted_i"],
      ["revoke select on drifted from anon", "grant select on drifted to anon"],
      ["alter table drifted alter note set default 'x'", "alter table drifted alter note drop default"],
      ["alter table drifted add constraint c check (id > 0) not valid", "alter table drifted drop constraint c"],
      ["alter table drifted rename to drifted_away", "alter table drifted_away rename to drifted"],
    ] as const) {
      await live.exec(drift);
      const refused = await applyChange(options).catch((thrown: unknown) => thrown);
      expect([drift, refused]).toEqual([drift, expect.objectContaining({ code: "SCHEMA_DRIFTED" })]);
      await live.exec(undo);
    }
    await applyChange(options);
    await live.exec("alter table drifted alter tag set default 'x'");
    await expect(rollbackChange(options)).rejects.toMatchObject({ code: "SCHEMA_DRIFTED" });
    await live.exec("alter table drifted alter tag drop default");
    await rollbackChange(options);
  });

  test("rows that came since the plan and do not fit stop it, and nothing is changed", async () => {
    await live.exec(make("unfit", "note text"));
    const change = await plan(make("unfit", "note text"), make("unfit", "note int not null, more text"));
    await live.exec("insert into unfit values (1, '1'), (2, 'private'), (3, 'private too')");
    const error = await applyChange({ dbUrl, plan: change, name: "unfit", confirmDestructive: true }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: "ROWS_DO_NOT_FIT", rows: { table: "public.unfit", count: 2, example: "2" } });
    expect(String(error)).not.toContain("private");
    expect(await columnsOf("unfit")).toEqual(["id", "note"]);
    expect(await history(change.fingerprint)).toEqual([]);
    expect(
      await live.query(
        "select 1 from pg_class where relnamespace = to_regnamespace('waybill_dropped') and relname like 'unfit%'",
      ),
    ).toEqual([]);
  });

  test("a plan that is not the one that was made is refused, and so is a rollback of what does not stand", async () => {
    const change = await prepared("forged");
    const forged = { ...change, up: change.up.slice(0, -1) };
    const options = { dbUrl, confirmDestructive: true, name: "forged" };
    await expect(applyChange({ ...options, plan: forged })).rejects.toMatchObject({ code: "PLAN_CHANGED" });
    await expect(rollbackChange({ ...options, plan: change })).rejects.toMatchObject({ code: "NOT_APPLIED" });
    await expect(applyChange({ ...options, plan: change, name: "../x" })).rejects.toMatchObject({
      code: "PLAN_FAILED",
    });
  });

  test("purged data is gone for good, and the way back says so", async () => {
    const change = await prepared("purged");
    const options = { dbUrl, plan: change, confirmDestructive: true, name: "purged" };
    await applyChange(options);
    await purgeDropped(options);
    await expect(rollbackChange(options)).rejects.toMatchObject({ code: "DROPPED_DATA_PURGED" });
    expect(await columnsOf("purged")).toEqual(["id", "tag"]);
  });

  test("triggers of the table do not fire for what is put back", async () => {
    await live.exec(`${make("triggered", "note text, touched int default 0")}; insert into triggered select n, 'n', 0 from generate_series(1, 9) n;
      create function public.touch() returns trigger language plpgsql as 'begin new.touched = 1; return new; end'`);
    const trigger =
      "create trigger touch before update on public.triggered for each row execute function public.touch()";
    const touch =
      "create function public.touch() returns trigger language plpgsql as 'begin new.touched = 1; return new; end'";
    await live.exec(trigger);
    const [before, after] = ["note text, touched int default 0", "touched int default 0"].map(
      (columns) => `${touch}; ${make("triggered", columns)}; ${trigger}`,
    );
    const change = await plan(before ?? "", after ?? "");
    await applyChange({ dbUrl, plan: change, confirmDestructive: true, name: "triggered" });
    await rollbackChange({ dbUrl, plan: change });
    expect(await live.query("select sum(touched)::int as touched, count(note)::int as notes from triggered")).toEqual([
      { touched: 0, notes: 9 },
    ]);
    await live.exec("update triggered set note = 'x' where id = 1");
    expect(await live.query("select touched from triggered where id = 1")).toEqual([{ touched: 1 }]);
  });

  test("of ten that apply the same plan at once one makes the change, and all tell of it", async () => {
    const change = await prepared("contended");
    const options = { dbUrl, plan: change, confirmDestructive: true, name: "contended", lockTimeoutMs: 20_000 };
    const reports = await Promise.all(Array.from({ length: 10 }, () => applyChange(options)));
    expect(reports.filter(({ already }) => !already)).toHaveLength(1);
    expect(new Set(reports.map(({ version }) => version)).size).toBe(1);
  });

  // PGlite has one session: nobody holds a lock there while another waits for it
  test.runIf(engine === "native")(
    "a table in use is waited for shortly and tried again, and given up at last",
    async () => {
      const change = await prepared("busy");
      const options = { dbUrl, plan: change, confirmDestructive: true, name: "busy", lockTimeoutMs: 100 };
      await live.exec("begin; select * from busy");
      await expect(applyChange({ ...options, tries: 2 })).rejects.toMatchObject({ code: "MIGRATION_BUSY" });
      // others were not held up for longer than the lock was waited for
      await live.exec("commit; begin; select * from busy");
      const applying = applyChange({ ...options, tries: 50 });
      await live.exec("select pg_sleep(0.5); commit");
      expect(await applying).toMatchObject({ already: false });
    },
  );

  // kill.torture.ts kills at every step, and on PGlite too
  test("a change that is killed at some of its steps, the commit among them, was never there, both ways", async () => {
    const report = await killedChange(scratch, dbUrl, (steps) => [1, Math.floor(steps / 2), steps - 1, steps]);
    expect(report.up).toEqual({ kills: 3, wrong: [] });
    expect(report.down).toEqual({ kills: 3, wrong: [] });
    expect(report).toMatchObject({ rowsIntact: true, sideTables: 0 });
  });

  // changes.torture.ts makes 40 of them, and several at once
  test("changes of a table with 1,000 rows are planned, proven, applied, rolled back and applied again, rows intact", async () => {
    const changes = engine === "native" ? 5 : 2;
    const report = await runChanges({ scratch, dbUrl, table: "changing", changes, rows: 1000, seed: 20_261_126 });
    expect(report.wrong).toEqual([]);
    expect(report.done).toHaveLength(changes);
  });

  test("a database that is not there is said, and nothing else", async () => {
    const made = await plan("", "create table public.nowhere (id int primary key)");
    const applying = applyChange({
      dbUrl: "postgresql://postgres:secret@127.0.0.1:1/postgres",
      plan: made,
      name: "nowhere",
      tries: 2,
    });
    await expect(applying).rejects.toMatchObject({
      code: "DATABASE_UNREACHABLE",
      message: expect.not.stringContaining("secret"),
    });
  });
});
