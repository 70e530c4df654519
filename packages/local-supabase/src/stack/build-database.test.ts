import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadKeys } from "../data-dir/keys.ts";
import { openPglite } from "../engine-pglite.ts";
import { readProject } from "../project/project.ts";
import { projectOf, putFiles, temporaryFolder } from "../testing/folders.ts";
import { buildDatabase } from "./build-database.ts";

/** Long enough for a template of its own. */
const long = (sql: string): string => `${sql} -- ${"long ".repeat(3_000)}\n`;

test("a project's template has its migrations, as they are now and listed, and none of another project's", async () => {
  const dataDir = await temporaryFolder();
  const keys = await loadKeys(dataDir);
  const folder = await projectOf({ "migrations/1_first.sql": long("create table public.first (id int);") });
  const build = async (name: string) => {
    const directory = join(dataDir, name);
    await buildDatabase(directory, dataDir, keys, await readProject(folder));
    const engine = await openPglite(directory, keys.databasePassword);
    try {
      const [row] = await engine.query(
        `select string_agg(version, ',' order by version) as versions, to_regclass('public.first') as first,
          to_regclass('public.second') as second from supabase_migrations.schema_migrations`,
      );
      return row;
    } finally {
      await engine.close();
    }
  };
  expect(await build("a")).toEqual({ versions: "1", first: "first", second: null });
  await putFiles(folder, { "migrations/2_second.sql": "alter table public.first rename to second;" });
  expect(await build("b")).toEqual({ versions: "1,2", first: null, second: "second" });

  await putFiles(folder, { "migrations/3_bad.sql": "select nonsense" });
  await expect(build("c")).rejects.toMatchObject({
    code: "MIGRATION_FAILED",
    message: expect.stringContaining("3_bad.sql"),
  });
  expect(existsSync(join(dataDir, "c"))).toBe(false);
});
