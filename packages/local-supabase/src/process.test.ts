import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { isRunning } from "./engine-native-process.ts";
import { start } from "./start.ts";
import { projectOf, temporaryFolder } from "./testing/folders.ts";
import { eventually, processesWith } from "./testing/processes.ts";
import { requestsTo } from "./testing/requests.ts";

const project = () => projectOf({ "migrations/1_rows.sql": "create table public.rows (id int primary key);" });

describe.each(["pglite", "native"] as const)("%s", (engine) => {
  test("kill -9 of the stack's process loses no acknowledged row, and says so", async () => {
    const dataDir = join(await openFolder(), "data");
    const folder = await project();
    const acknowledged: number[] = [];
    for (let round = 0; round < 2; round += 1) {
      await using stack = await start({ dataDir, engine, project: folder });
      const request = requestsTo(stack);
      const write = async (from: number): Promise<void> => {
        for (let id = from; ; id += 4) {
          const { status } = await request("/rest/v1/rows", { method: "POST", json: { id } });
          if (status !== 201) throw new Error(`${status}`);
          acknowledged.push(id);
        }
      };
      const writers = [0, 1, 2, 3].map((lane) => write(round * 1_000_000 + lane).catch(() => {}));
      const before = acknowledged.length;
      await eventually(() => acknowledged.length >= before + 40, "forty rows were written");
      process.kill(stack.pid, "SIGKILL");
      await Promise.all(writers);
      expect(await stack.ended).toMatchObject({ code: "STACK_CRASHED", message: expect.stringContaining("SIGKILL") });
    }
    await using stack = await start({ dataDir, engine, project: folder });
    const request = requestsTo(stack);
    const kept = new Set<unknown>();
    for (let offset = 0; offset < acknowledged.length + 8; offset += 1000) {
      const { body } = await request(`/rest/v1/rows?select=id&order=id&limit=1000&offset=${offset}`);
      if (Array.isArray(body)) for (const row of body) kept.add(row.id);
    }
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
  });

  test("a killed parent takes the stack, its Postgres and its temporary directory with it", async () => {
    const folder = await project();
    const parent = spawn(process.execPath, [join(import.meta.dirname, "testing/parent.ts"), engine, folder], {
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

test("a native Postgres that survived its stack is ended by the next start", async () => {
  const dataDir = join(await openFolder(), "data");
  const folder = await project();
  await using first = await start({ dataDir, engine: "native", project: folder });
  const [guard] = await processesWith("engine-native-guard.ts ");
  expect(guard).toBeDefined();
  // Both at once: nobody is left to end Postgres.
  for (const line of await processesWith(`engine-native-guard.ts`)) {
    if (line.includes(dataDir)) process.kill(Number.parseInt(line, 10), "SIGKILL");
  }
  process.kill(first.pid, "SIGKILL");
  await first.ended;
  const [orphan] = (await processesWith("pgdata-native")).filter((line) => line.includes(dataDir));
  expect(orphan).toBeDefined();
  await using second = await start({ dataDir, engine: "native", project: folder });
  expect(isRunning(Number.parseInt(orphan ?? "", 10))).toBe(false);
  expect((await requestsTo(second)("/rest/v1/rows")).status).toBe(200);
});

/** Postgres runs as another account where the tests run as root, so that it has to get through. */
async function openFolder(): Promise<string> {
  const folder = await temporaryFolder();
  const { chmod } = await import("node:fs/promises");
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
