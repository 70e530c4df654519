import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Engine } from "../engine.ts";
import { LocalSupabaseError } from "../errors.ts";
import { loadKeys } from "../data-dir/keys.ts";
import { applyMigrations, applySeeds } from "./migrations.ts";
import { openEngine } from "../stack/open-engine.ts";
import { readProject } from "./project.ts";
import { projectOf, putFiles } from "../testing/folders.ts";

let dataDir: string;
let engine: Engine;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "waybill migrations "));
  const project = await readProject(dataDir);
  engine = await openEngine({ dataDir, engine: "pglite" }, await loadKeys(dataDir), project);
});
afterAll(async () => {
  await engine.close();
  await rm(dataDir, { recursive: true, force: true });
});
beforeEach(async () => {
  await engine.exec(`drop schema public cascade; create schema public;
    truncate supabase_migrations.schema_migrations, supabase_migrations.seed_files`);
});

/** What a start does with a project. */
async function apply(folder: string): Promise<string[]> {
  const { migrations, seeds } = await readProject(folder);
  const applied = await applyMigrations(engine, migrations);
  await applySeeds(engine, seeds);
  return applied;
}

const log = async (): Promise<unknown[]> =>
  (await engine.query("select what from public.log")).map((row) => row["what"]);

test("pending migrations and seeds run once, in order, with the history that the Supabase CLI writes", async () => {
  const project = await projectOf({
    "config.toml": '[db.seed]\nsql_paths = ["./seed.sql", "./seeds/*.sql"]\n',
    "migrations/20260102_second.sql": "insert into public.log values ('second'); -- needs the first\n",
    "migrations/20260101_first.sql":
      "create table public.log (what text);\ninsert into public.log values ('first; with $$');",
    "migrations/README.md": "no migration",
    "seed.sql": "insert into public.log values ('seed');",
    "seeds/b.sql": "insert into public.log values ('seed b');",
    "seeds/a.sql": "insert into public.log values ('seed a');",
  });
  const everything = ["first; with $$", "second", "seed", "seed a", "seed b"];
  expect(await apply(project)).toEqual(["20260101", "20260102"]);
  expect(await log()).toEqual(everything);
  expect(
    await engine.query("select version, name, statements from supabase_migrations.schema_migrations order by version"),
  ).toEqual([
    {
      version: "20260101",
      name: "first",
      statements: [
        expect.stringContaining("create table public.log (what text)"),
        expect.stringContaining("insert into public.log values ('first; with $$')"),
      ],
    },
    { version: "20260102", name: "second", statements: [expect.stringContaining("'second'")] },
  ]);
  const seeds = await engine.query("select path, hash from supabase_migrations.seed_files order by path");
  expect(seeds.map((row) => row["path"])).toEqual([
    "supabase/seed.sql",
    "supabase/seeds/a.sql",
    "supabase/seeds/b.sql",
  ]);
  expect(seeds[0]?.["hash"]).toMatch(/^[0-9a-f]{64}$/);

  expect(await apply(project)).toEqual([]);
  await putFiles(project, {
    "migrations/20260103_third.sql": "insert into public.log values ('third');",
    "seed.sql": "insert into public.log values ('changed seed');",
  });
  expect(await apply(project)).toEqual(["20260103"]);
  // A seed that changed is not run over data that exists; that is what `supabase db reset` is for.
  expect(await log()).toEqual([...everything, "third"]);
});

test("what a file sets for its session ends with it, as in a dump that clears the search path", async () => {
  const dump = "select pg_catalog.set_config('search_path', '', false); set row_security = off;";
  const project = await projectOf({
    "migrations/1_dump.sql": `${dump} create table public.log (what text); create temp table log (other int); set role anon;`,
    "migrations/2_plain.sql": "insert into log values (current_user);",
    "seed.sql": `insert into log values ('seed'); ${dump} set session authorization anon;`,
  });
  expect(await apply(project)).toEqual(["1", "2"]);
  expect(await log()).toEqual(["postgres", "seed"]);
  const settings =
    "current_user as who, current_setting('search_path') as path, current_setting('row_security') as rls";
  expect(await engine.query(`select ${settings}`)).toEqual([
    { who: "postgres", path: '"$user", public, extensions', rls: "on" },
  ]);
});

test("a failing migration or seed names its file and what the database said, and leaves nothing half-applied", async () => {
  const project = await projectOf({
    "migrations/1_good.sql": "create table public.log (what text);",
    "migrations/2_bad.sql": "create table public.half (id int); insert into public.half values ('no number');",
    "migrations/3_later.sql": "insert into public.log values ('later');",
    "seed.sql": "insert into public.log values ('half a seed'); insert into public.nowhere values (1);",
  });
  await expect(apply(project)).rejects.toEqual(
    new LocalSupabaseError(
      "MIGRATION_FAILED",
      'The migration 2_bad.sql failed, and nothing of it was kept: invalid input syntax for type integer: "no number". Correct the file and start again.',
    ),
  );
  expect(await engine.query("select to_regclass('public.half') as half")).toEqual([{ half: null }]);
  await putFiles(project, { "migrations/2_bad.sql": "create table public.half (id int);" });
  await expect(apply(project)).rejects.toEqual(
    new LocalSupabaseError(
      "SEED_FAILED",
      'The seed file supabase/seed.sql failed, and nothing of it was kept: relation "public.nowhere" does not exist. Correct the file and start again.',
    ),
  );
  expect(await log()).toEqual(["later"]);
  await putFiles(project, { "seed.sql": "insert into public.log values ('seed');" });
  expect(await apply(project)).toEqual([]);
  expect(await log()).toEqual(["later", "seed"]);
});

test("what would leave the migration's transaction, or is no project, is refused with a sentence", async () => {
  const cases: [Record<string, string>, RegExp][] = [
    [
      { "migrations/1_a.sql": "create table a (id int); commit; create table b (id int);" },
      /1_a\.sql contains "commit/,
    ],
    [{ "migrations/1_a.sql": "create table a (id int);\n-- the end\ncommit;" }, /1_a\.sql contains "commit/],
    [{ "migrations/1_a.sql": "", "migrations/1_b.sql": "" }, /1_a\.sql and 1_b\.sql have the same version 1/],
    [{ "config.toml": "[api]\nmax_rows = 0\n" }, /config\.toml cannot be used: .*max_rows/s],
    [{ "config.toml": "[api\n" }, /config\.toml cannot be used: /],
  ];
  for (const [files, message] of cases) {
    await expect(readProject(await projectOf(files))).rejects.toMatchObject({
      code: "PROJECT_INVALID",
      message: expect.stringMatching(message),
    });
  }
  const missing = join(await projectOf({}), "mistyped");
  await expect(readProject(missing)).rejects.toMatchObject({
    code: "PROJECT_INVALID",
    message: `There is no folder ${missing} to take migrations from. Name a project's supabase/ folder.`,
  });
});
