import { expect, test } from "vitest";
import { isRunning } from "../native/process.ts";
import { rowsProject } from "../testing/folders.ts";
import { eventually } from "../testing/processes.ts";
import { gone, startParent } from "../testing/start-parent.ts";

test("a statement without an end does not keep a stack alive whose parent is gone", async () => {
  const endless = "select count(*) from generate_series(1, 1000000000000)";
  const { parent, pid, dataDir } = await startParent("pglite", await rowsProject(), endless);
  parent.kill("SIGKILL");
  await eventually(() => !isRunning(pid), "the stack's process ended");
  expect(await gone(`${dataDir}/keys.json`)).toBe(true);
});
