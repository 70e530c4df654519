import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectOf, temporaryFolder } from "../testing/folders.ts";
import { killRounds } from "../testing/kill-rounds.ts";

test.each(["pglite", "native"] as const)("%s: 30 times kill -9, no acknowledged row lost", async (engine) => {
  const folder = await temporaryFolder();
  await chmod(folder, 0o755);
  const project = await projectOf({ "migrations/1_rows.sql": "create table public.rows (id int primary key);" });
  expect(await killRounds({ dataDir: join(folder, "data"), engine, project }, 30)).toEqual([]);
});
