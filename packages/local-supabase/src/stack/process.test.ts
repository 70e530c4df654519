import { spawn } from "node:child_process";
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { isRunning } from "../native/process.ts";
import { start } from "../start.ts";
import { projectOf, temporaryFolder } from "../testing/folders.ts";
import { killRounds } from "../testing/kill-rounds.ts";
import { eventually, processesWith } from "../testing/processes.ts";
import { requestsTo } from "../testing/requests.ts";

const project = () => projectOf({ "migrations/1_rows.sql": "create table public.rows (id int primary key);" });

describe.each(["pglite", "native"] as const)("%s", (engine) => {
  test("kill -9 of the stack's process loses no acknowledged row, and says so", async () => {
    const options = { dataDir: join(await openFolder(), "data"), engine, project: await project() };
    expect(await killRounds(options, 1)).toEqual([]);
  });

  test("a killed parent takes the stack, its Postgres and its temporary directory with it", async () => {
    const folder = await project();
    const parent = spawn(process.execPath, [join(import.meta.dirname, "../testing/parent.ts"), engine, folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void parent.kill("SIGKILL"));
    const [pid, dataDir] = await firstLine(parent.stdout);
    expect(isRunning(Number(pid))).toBe(true);
    expect((await processesWith(`${dataDir}/pgdata-native`)).length > 0).toBe(engine === "native");
    parent.kill("SIGKILL");
    await eventually(() => !isRunning(Number(pid)), "the stack's process ended");
    await eventually(async () => (await processesWith(`${dataDir}`)).length === 0, "Postgres and its guard ended");
    await eventually(() => gone(`${dataDir}/keys.json`), "the temporary directory was removed");
  });
});

test("a statement without an end does not keep a stack alive whose parent is gone", async () => {
  const endless = "select count(*) from generate_series(1, 1000000000000)";
  const parent = spawn(
    process.execPath,
    [join(import.meta.dirname, "../testing/parent.ts"), "pglite", await project(), endless],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  onTestFinished(() => void parent.kill("SIGKILL"));
  const [pid, dataDir] = await firstLine(parent.stdout);
  parent.kill("SIGKILL");
  await eventually(() => !isRunning(Number(pid)), "the stack's process ended", 60_000);
  expect(await gone(`${dataDir}/keys.json`)).toBe(true);
});

test("a native Postgres that survived its stack is ended by the next start, and one that dies ends its stack", async () => {
  const dataDir = join(await openFolder(), "data");
  const folder = await project();
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
    message: expect.stringContaining("the database ended by itself: Postgres ended (SIGKILL)"),
  });
  expect(isRunning(second.pid)).toBe(false);
});

/** Postgres runs as another account where the tests run as root, so that it has to get through. */
async function openFolder(): Promise<string> {
  const folder = await temporaryFolder();
  await chmod(folder, 0o755);
  return folder;
}

async function gone(path: string): Promise<boolean> {
  return readFile(path).then(
    () => false,
    () => true,
  );
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string[]> {
  for await (const chunk of stream) return String(chunk).trim().split("|");
  throw new Error("the parent ended without a word");
}
