import { stat } from "node:fs/promises";
import { expect, test } from "vitest";
import { scratchDatabase } from "./scratch-database.ts";

test("a scratch database is empty but for what every project has, and leaves nothing behind", async () => {
  await using database = await scratchDatabase();
  await database.exec("create table public.tried (id int, words text[]); insert into public.tried values (1, '{a}')");
  expect(await database.query("select id, words from public.tried where words = $1", [["a"]])).toEqual([
    { id: 1, words: ["a"] },
  ]);
  expect(await database.query("select auth.uid() as uid, to_regclass('public.supabase_clients') as theirs")).toEqual([
    { uid: null, theirs: null },
  ]);
  await expect(database.exec("select nonsense")).rejects.toThrow('column "nonsense" does not exist');
  const [row] = await database.query("show data_directory");
  await database.close();
  await database.close();
  await expect(stat(String(row?.["data_directory"]))).rejects.toMatchObject({ code: "ENOENT" });
});
