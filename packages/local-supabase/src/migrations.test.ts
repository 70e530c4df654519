import { rm } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { expect, onTestFinished, test } from "vitest";
import { LocalSupabaseError } from "./errors.ts";
import { start } from "./start.ts";
import { projectOf, putFiles, temporaryFolder } from "./testing/folders.ts";

function connect(dbUrl: string): postgres.Sql {
  const sql = postgres(dbUrl, { max: 1, onnotice: () => {} });
  onTestFinished(() => sql.end({ timeout: 1 }));
  return sql;
}

test("pending migrations and seeds run once, in order, with the history that the Supabase CLI writes", async () => {
  const dataDir = join(await temporaryFolder(), "data");
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
  {
    await using stack = await start({ dataDir, project });
    const sql = connect(stack.dbUrl);
    expect((await sql`select what from public.log`).map(({ what }) => what)).toEqual(everything);
    expect([
      ...(await sql`select version, name, statements from supabase_migrations.schema_migrations order by version`),
    ]).toEqual([
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
    const seeds = await sql`select path, hash from supabase_migrations.seed_files order by path`;
    expect(seeds.map(({ path }) => path)).toEqual([
      "supabase/seed.sql",
      "supabase/seeds/a.sql",
      "supabase/seeds/b.sql",
    ]);
    expect(seeds[0]?.["hash"]).toMatch(/^[0-9a-f]{64}$/);
  }
  await putFiles(project, {
    "migrations/20260103_third.sql": "insert into public.log values ('third');",
    "seed.sql": "insert into public.log values ('changed seed');",
  });
  await using stack = await start({ dataDir, project });
  const sql = connect(stack.dbUrl);
  // A seed that changed is not run over data that exists; that is what `supabase db reset` is for.
  expect((await sql`select what from public.log`).map(({ what }) => what)).toEqual([...everything, "third"]);
});

test("a failing migration names its file and what the database said, and leaves nothing half-applied", async () => {
  const dataDir = join(await temporaryFolder(), "data");
  const project = await projectOf({
    "migrations/1_good.sql": "create table public.good (id int);",
    "migrations/2_bad.sql": "create table public.half (id int); insert into public.half values ('no number');",
    "migrations/3_later.sql": "create table public.later (id int);",
  });
  await expect(start({ dataDir, project })).rejects.toEqual(
    new LocalSupabaseError(
      "MIGRATION_FAILED",
      'The migration 2_bad.sql failed, and nothing of it was kept: invalid input syntax for type integer: "no number". Correct the file and start again.',
    ),
  );
  await rm(join(project, "migrations/2_bad.sql"));
  await using stack = await start({ dataDir, project });
  const tables = await connect(
    stack.dbUrl,
  )`select table_name from information_schema.tables where table_schema = 'public' order by 1`;
  expect(tables.map((row) => row["table_name"])).toEqual(["good", "later"]);
});

test("what would leave the migration's transaction, or names no project, is refused with a sentence", async () => {
  const cases: [Record<string, string>, string, RegExp][] = [
    [
      { "migrations/1_a.sql": "create table a (id int); commit; create table b (id int);" },
      "MIGRATION_FAILED",
      /1_a\.sql contains "commit"/,
    ],
    [
      { "migrations/1_a.sql": "", "migrations/1_b.sql": "" },
      "PROJECT_INVALID",
      /1_a\.sql and 1_b\.sql have the same version 1/,
    ],
    [{ "config.toml": "[api]\nmax_rows = 0\n" }, "PROJECT_INVALID", /config\.toml cannot be used: .*max_rows/s],
    [{ "config.toml": "[api\n" }, "PROJECT_INVALID", /config\.toml cannot be used: /],
    [
      { "seed.sql": "insert into nowhere values (1);" },
      "SEED_FAILED",
      /supabase\/seed\.sql failed.*relation "nowhere" does not exist/,
    ],
  ];
  for (const [files, code, message] of cases) {
    const outcome = start({ project: await projectOf(files) });
    await expect(outcome).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  }
});
