import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { start } from "../start.ts";
import { openFolder, rowsProject } from "../testing/folders.ts";
import { eventually, processesWith } from "../testing/processes.ts";
import { requestsTo } from "../testing/requests.ts";
import { isRunning } from "./process.ts";

test("a native Postgres that survived its stack is ended by the next start, and one that dies ends its stack", async () => {
  const dataDir = join(await openFolder(), "data");
  const folder = await rowsProject();
  await using first = await start({ dataDir, engine: "native", project: folder });
  // Both at once: nobody is left to end Postgres.
  const guards = (await processesWith(join("native", "guard.ts"))).filter((line) => line.includes(dataDir));
  expect(guards).toHaveLength(1);
  for (const guard of guards) process.kill(Number.parseInt(guard, 10), "SIGKILL");
  process.kill(first.pid, "SIGKILL");
  await first.ended;
  const [orphan] = (await processesWith("pgdata-native")).filter((line) => line.includes(dataDir));
  expect(orphan).toBeDefined();
  await using second = await start({ dataDir, engine: "native", project: folder });
  expect(isRunning(Number.parseInt(orphan ?? "", 10))).toBe(false);
  expect((await requestsTo(second)("/rest/v1/rows")).status).toBe(200);
  const [server] = (await processesWith("pgdata-native -p")).filter((line) => line.includes(dataDir));
  process.kill(Number.parseInt(server ?? "", 10), "SIGKILL");
  expect(await second.ended).toMatchObject({
    code: "STACK_CRASHED",
    message: "The local stack ended by itself: Postgres ended (SIGKILL). What it committed is kept; start it again.",
  });
  expect(isRunning(second.pid)).toBe(false);
});

test("a stack that is killed while its Postgres starts leaves none behind", async () => {
  const dataDir = join(await openFolder(), "data");
  const servers = async () => (await processesWith("pgdata-native -p")).filter((line) => line.includes(dataDir));
  const started = start({ dataDir, engine: "native", project: await rowsProject() });
  const outcome = started.then(
    (stack) => stack.ended,
    (error: unknown) => error,
  );
  await eventually(async () => (await servers()).length > 0, "Postgres was started");
  process.kill(Number(await readFile(join(dataDir, "lock.pid"), "utf8")), "SIGKILL");
  expect(await outcome).toMatchObject({ code: "STACK_CRASHED" });
  await eventually(async () => (await servers()).length === 0, "Postgres ended");
});

test("a data directory whose keys were lost opens with new ones, as the message about them says", async () => {
  const options = {
    dataDir: join(await openFolder(), "data"),
    engine: "native",
    project: await rowsProject(),
  } as const;
  const first = await start(options);
  await requestsTo(first)("/rest/v1/rows", { method: "POST", json: { id: 1 } });
  await first.stop();
  await rm(join(options.dataDir, "keys.json"));
  await using second = await start(options);
  expect(second.dbUrl).not.toContain(new URL(first.dbUrl).password);
  expect((await requestsTo(second)("/rest/v1/rows")).body).toEqual([{ id: 1 }]);
});
