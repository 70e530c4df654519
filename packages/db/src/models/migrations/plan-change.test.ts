import { inspect } from "node:util";
import { scratchDatabase } from "@waybill/local-supabase";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planChange, type MigrationPlan, type PlanOptions, type ScratchDatabase } from "./index.ts";
import { lockModes } from "@waybill/contracts";

const opened = new AsyncDisposableStack();
let scratch: ScratchDatabase;
beforeAll(async () => {
  scratch = opened.use(await scratchDatabase({ engine: "native" }));
});
afterAll(() => opened.disposeAsync());

const table = (columns: string): string => `create table public.flights (id int primary key, ${columns});`;
const plan = (before: string, after: string, more: Partial<PlanOptions> = {}): Promise<MigrationPlan> =>
  planChange({ scratch, before, after, ...more });
const kinds = (way: MigrationPlan["up"]): string[] => way.map(({ kind }) => kind);

test("a column is renamed only when the caller says so", async () => {
  const [before, after] = [table("note text"), table("remark text")];
  const silent = await plan(before, after);
  expect(kinds(silent.up)).toEqual(["keep data", "drop column", "add column", "restore data"]);
  expect(silent.up.flatMap(({ loses }) => loses ?? [])).toEqual([
    `The values of public.flights.note: kept in waybill_dropped.flights_note_${silent.id}_0 until purged.`,
  ]);
  const said = await plan(before, after, { renames: [{ table: "flights", column: "note", to: "remark" }] });
  expect(kinds(said.up)).toEqual(["rename column"]);
  expect(kinds(said.down)).toEqual(["rename column"]);
  expect(said.up.flatMap(({ loses }) => loses ?? [])).toEqual([]);
});

test("two columns may swap their names, and a renamed table takes the names of its key, sequence and indexes along", async () => {
  const swapped = await plan(table("a int, b text"), table("b int, a text"), {
    renames: [
      { table: "flights", column: "a", to: "b" },
      { table: "flights", column: "b", to: "a" },
    ],
  });
  expect(new Set(kinds(swapped.up))).toEqual(new Set(["rename column"]));
  const make = (name: string): string =>
    `create table public.${name} (id int generated always as identity primary key, word text); create index on public.${name} (word)`;
  const moved = await plan(make("old"), make("new"), { renames: [{ table: "public.old", to: "new" }] });
  expect(new Set(kinds(moved.up))).toEqual(
    new Set(["rename table", "rename sequence", "rename constraint", "rename index"]),
  );
});

test.each([
  ["a column that is not there", { table: "flights", column: "nothing", to: "remark" }],
  ["a column that stays", { table: "flights", column: "kept", to: "remark" }],
  ["to a column that was there", { table: "flights", column: "note", to: "kept" }],
  ["a table that is not there", { table: "public.nothing", to: "flights" }],
  ["to a table that will not be there", { table: "flights", to: "trips" }],
])("a rename is refused: %s", async (_what, rename) => {
  const planning = plan(table("note text, kept text"), table("remark text, kept text"), { renames: [rename] });
  await expect(planning).rejects.toMatchObject({ code: "RENAME_UNKNOWN" });
});

describe("each statement tells", () => {
  const before = `create table public.places (id int primary key);
    ${table("word varchar(10), number int, long text, place int, note text")}`;
  const after = `create table public.places (id int primary key);
    ${table("word varchar(20), number bigint not null default 1 check (number > 0), long varchar(9), place int references public.places, plain int default 3, fresh uuid default gen_random_uuid()")}
    create index on public.flights (word); alter table public.flights enable row level security;
    create policy p on public.flights for select to anon using (true);`;

  test("the lock that Postgres takes", async () => {
    const made = await plan(before, after);
    const sql = scratch;
    await sql.exec(`${before} insert into public.flights values (1)`);
    await sql.exec("update public.flights set number = 1");
    const taken: { kind: string; lock: string | null }[] = [];
    for (const { sql: text, kind } of made.up) {
      await sql.exec(`begin; ${text}`);
      const modes = await sql.query(
        "select mode from pg_locks where pid = pg_backend_pid() and relation = 'public.flights'::regclass",
      );
      await sql.exec("commit");
      // ShareRowExclusiveLock
      const names = modes.map(({ mode }) =>
        String(mode)
          .replace("Lock", "")
          .replaceAll(/\B[A-Z]/g, " $&")
          .toUpperCase(),
      );
      taken.push({ kind, lock: lockModes.find((mode) => names.includes(mode)) ?? null });
    }
    // where nothing is to be restored, nothing is locked
    const told = made.up.map(({ kind, lock }) => ({ kind, lock: kind === "restore data" ? null : lock }));
    expect(taken).toEqual(told);
    expect(new Set(told.map(({ lock }) => lock))).toEqual(
      new Set(["ACCESS EXCLUSIVE", "SHARE ROW EXCLUSIVE", "SHARE", "ACCESS SHARE", null]),
    );
    await sql.exec("drop table public.flights, public.places; drop schema waybill_dropped cascade");
  });

  test("whether it writes or reads the whole table", async () => {
    const { up } = await plan(before, after, { rows: {} }).catch(() => plan(before, after));
    const found = (text: string) => up.find(({ sql }) => sql.includes(text));
    expect(found("varying(20)")).toMatchObject({ rewrites: false, scans: false, loses: null });
    expect(found("bigint")).toMatchObject({ rewrites: true, loses: null });
    expect(found("varying(9)")).toMatchObject({ rewrites: true, loses: expect.stringContaining("cannot hold") });
    expect(found('ADD COLUMN "plain"')).toMatchObject({ rewrites: false, scans: false });
    expect(found('ADD COLUMN "fresh"')).toMatchObject({ rewrites: true });
    expect(found("FOREIGN KEY")).toMatchObject({ scans: true, rewrites: false, alsoLocks: ['"public"."places"'] });
    expect(found("CREATE POLICY")).toMatchObject({
      scans: false,
      effect: "Reads and writes of public.flights wait for a moment.",
    });
  });
});

describe("rows that do not fit are counted, and only a key is told", () => {
  const rows = {
    flights: Array.from({ length: 50 }, (_, n) => ({ id: n, word: n % 5 === 0 ? null : `secret${n % 40}`, place: n })),
  };
  const before = `create table public.places (id int primary key); ${table("word text, place int")}`;
  const places = { places: [{ id: 1 }, { id: 2 }] };
  test.each([
    ["not null", before.replace("word text", "word text not null"), 10, "0"],
    ["check", before.replace("word text", "word text check (length(word) < 8)"), 24, "11"],
    ["type", before.replace("word text", "word varchar(7)"), 24, "11"],
    ["cast", before.replace("word text", "word int"), 40, "1"],
    ["unique", before.replace("word text", "word text unique"), 8, "1"],
    ["foreign key", before.replace("place int", "place int references public.places"), 48, "0"],
    ["new column", before.replace("word text", "word text, must int not null"), 50, "0"],
  ])("%s", async (_what, after, count, example) => {
    const planning = plan(before, after, { rows: { ...rows, ...places } });
    const error = await planning.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "ROWS_DO_NOT_FIT", rows: { table: "public.flights", count, example } });
    expect(inspect(error, { depth: 5 })).not.toContain("secret");
    expect(await scratch.query("select to_regclass('public.flights') as left")).toEqual([{ left: null }]);
  });
});

test("grants say nothing of the owner, and nothing that Postgres 15 does not know", async () => {
  const { up } = await plan("", `${table("note text")} grant all on public.flights to anon`);
  const grants = up.map(({ sql }) => sql).filter((sql) => sql.startsWith("GRANT"));
  expect(grants.join()).toContain('TO "anon"');
  const texts = up.map(({ sql }) => sql).join("\n");
  expect(texts).not.toMatch(/MAINTAIN|OWNER TO|(TO|FROM) "postgres"/);
});

test.each([
  ["SCHEMA_INVALID", "create table public.flights (id int primary key, word nonsense)"],
  ["CHANGE_UNSUPPORTED", "create function public.f() returns int language sql as 'select 1'"],
  ["CHANGE_UNSUPPORTED", "create table public.flights (id int, word text)"],
])("%s is said of what cannot be planned", async (code, after) => {
  await expect(plan(table("note text"), after)).rejects.toMatchObject({ code });
});

test("planning ends at its deadline", async () => {
  await expect(plan("select pg_sleep(20)", "", { deadlineMs: 700 })).rejects.toMatchObject({
    code: "MIGRATION_TIMEOUT",
  });
});
