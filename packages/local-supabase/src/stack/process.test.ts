import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isRunning } from "../native/process.ts";
import { openFolder, rowsProject } from "../testing/folders.ts";
import { killRounds } from "../testing/kill-rounds.ts";
import { eventually, processesWith } from "../testing/processes.ts";
import { gone, startParent } from "../testing/start-parent.ts";

describe.each(["pglite", "native"] as const)("%s", (engine) => {
  test("kill -9 of the stack's process loses no acknowledged row, and says so", async () => {
    const options = { dataDir: join(await openFolder(), "data"), engine, project: await rowsProject() };
    expect(await killRounds(options, 1)).toEqual([]);
  });

  test("a killed parent takes the stack, its Postgres and its temporary directory with it", async () => {
    const { parent, pid, dataDir } = await startParent(engine, await rowsProject());
    expect(isRunning(pid)).toBe(true);
    expect((await processesWith(`${dataDir}/pgdata-native`)).length > 0).toBe(engine === "native");
    parent.kill("SIGKILL");
    await eventually(() => !isRunning(pid), "the stack's process ended");
    await eventually(async () => (await processesWith(dataDir)).length === 0, "Postgres and its guard ended");
    await eventually(() => gone(`${dataDir}/keys.json`), "the temporary directory was removed");
  });
});
