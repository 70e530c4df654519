import { join } from "node:path";
import { expect, test } from "vitest";
import { openFolder, rowsProject } from "../testing/folders.ts";
import { killRounds } from "../testing/kill-rounds.ts";

test.each(["pglite", "native"] as const)("%s: 30 times kill -9, no acknowledged row lost", async (engine) => {
  const options = { dataDir: join(await openFolder(), "data"), engine, project: await rowsProject() };
  expect(await killRounds(options, 30)).toEqual([]);
});
