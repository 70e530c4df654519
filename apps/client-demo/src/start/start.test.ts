import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createWaybillClient } from "@waybill/client";
import { makeDemoTables } from "@waybill/db/demo-tables";
import { start } from "@waybill/local-supabase";
import { afterAll, expect, test, vi } from "vitest";
import { readRows } from "../demo-data/read-rows.ts";
import { plainEnvironment } from "../env.ts";
import { readDemoNote } from "./demo-note.ts";
import { runStartProgram, type StartProgram } from "./start-program.ts";
import { sampleCall } from "./welcome.ts";

const directory = await mkdtemp(join(tmpdir(), "waybill start "));
afterAll(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));

const serves = /Waybill serves at (\S+)/;
const embedded = { ...plainEnvironment(), WAYBILL_PORT: "0", WAYBILL_DATA_DIR: join(directory, "data dir") };
/** Starts at once, for it need not be reached. */
const unreachable = {
  ...plainEnvironment(),
  WAYBILL_PORT: "0",
  WAYBILL_DATA_DIR: join(directory, "other"),
  SUPABASE_URL: "https://127.0.0.1:1",
  SUPABASE_PUBLISHABLE_KEY: "sb_publishable_abcdefghijklmnopqrstuv",
  SUPABASE_SECRET_KEY: "sb_secret_abcdefghijklmnopqrstuv",
  WAYBILL_ENCRYPTION_KEY: `k1:${Buffer.alloc(32, 7).toString("base64")}`,
};

async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)("pgrep", ["-P", String(pid)]);
  return stdout.trim().split("\n").map(Number);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** kill -9, which leaves nobody behind: neither the server nor its Supabase. */
async function killAll(program: StartProgram): Promise<void> {
  const servers = await childrenOf(program.pid);
  const stacks = await childrenOf(servers[0] ?? 0);
  expect([...servers, ...stacks].every(isAlive)).toBe(true);
  program.signal("SIGKILL");
  expect(await program.ended).toBe("SIGKILL");
  await vi.waitUntil(() => ![...servers, ...stacks].some(isAlive), { timeout: 30_000, interval: 100 });
}

test(
  "what is interrupted, between model and table or in the load, goes on at the next start, and then nothing is left to do",
  { timeout: 300_000 },
  async () => {
    const { WAYBILL_DATA_DIR: dataDir } = embedded;
    await using declared = runStartProgram(embedded);
    await declared.says(/Planning the tables of airports and routes/);
    await killAll(declared);
    expect(declared.said()).not.toContain("Making the tables");

    await using first = runStartProgram(embedded);
    await first.says(/airports: /);
    expect(first.said()).toMatch(
      /Planning the tables of airports and routes.*\nMaking the tables .* by \d+ statements/,
    );
    first.signal("SIGTERM");
    expect(await first.ended).toBe(0);

    await using second = runStartProgram(embedded);
    const url = await second.says(serves);
    const loaded = Number(/data is in: (\d+) rows/.exec(second.said())?.[1]);
    expect(loaded).toBeGreaterThan(0);
    expect(loaded).toBeLessThan(3376 + 5366);
    expect(second.said()).not.toMatch(/tables/);

    const note = await readDemoNote(join(dataDir, "demo.json"));
    if (note === null) throw new Error("the demo's note is not there");
    const client = createWaybillClient({ url });
    await client.sessions.login.mutate(note.user);
    expect(await client.models.get.query({ model_name: "routes" })).toMatchObject({ applied_version: "1.0.0" });
    expect(await readRows(client, { model: "airports", columns: ["iata"] })).toHaveLength(3376);
    expect(await readRows(client, { model: "routes", columns: ["origin"] })).toHaveLength(5366);

    // what it prints: where the keys are, not the keys, and a sample that runs as it stands
    const stack: unknown = JSON.parse(await readFile(join(dataDir, "stack.json"), "utf8"));
    expect(second.said()).toContain(join(dataDir, "stack.json"));
    for (const secret of [note.user.password, ...Object.values(stack ?? {})]) {
      expect(second.said()).not.toContain(String(secret));
    }
    for (const file of ["stack.json", "demo.json", "admin.json"]) {
      expect((await stat(join(dataDir, file))).mode & 0o077).toBe(0);
    }
    const sample = sampleCall(url, join(dataDir, "demo.json"));
    expect(sample.split("\n").map((line) => second.said().includes(line))).toEqual([true, true, true, true, true]);
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", sample], {
      cwd: import.meta.dirname,
      timeout: 30_000,
    });
    expect(stdout).toContain("state: 'CA'");

    second.signal("SIGINT");
    expect(await second.ended).toBe(0);

    await using third = runStartProgram(embedded);
    await third.says(serves);
    expect(third.said()).not.toMatch(/\d+ of \d+|data is in/);
    await killAll(third);
  },
);

test(
  "tables that an earlier version made stay as they are, and the models are declared beside them",
  { timeout: 200_000 },
  async () => {
    const dataDir = join(directory, "earlier");
    const earlier = await start({ dataDir: join(dataDir, "supabase") });
    await makeDemoTables(earlier.dbUrl);
    await earlier.stop();

    await using program = runStartProgram({ ...embedded, WAYBILL_DATA_DIR: dataDir });
    const url = await program.says(serves);
    expect(program.said()).toContain("The tables of airports and routes are there from an earlier version");
    expect(program.said()).not.toContain("Planning");
    expect(program.said()).toContain(`data is in: ${3376 + 5366} rows`);
    const note = await readDemoNote(join(dataDir, "demo.json"));
    if (note === null) throw new Error("the demo's note is not there");
    const client = createWaybillClient({ url });
    await client.sessions.login.mutate(note.user);
    expect(await client.models.get.query({ model_name: "routes" })).toMatchObject({ applied_version: null });
    program.signal("SIGTERM");
    expect(await program.ended).toBe(0);
  },
);

test("a port in use gives one sentence with the way out, and no stack", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  const port = String(typeof address === "object" ? address?.port : "");
  await using program = runStartProgram({ ...unreachable, WAYBILL_PORT: port });
  expect(await program.ended).toBe(1);
  expect(program.said()).toMatch(
    new RegExp(`^Starting the server …\nPort ${port} on 127\\.0\\.0\\.1 is in use: .*WAYBILL_PORT.*\n$`),
  );
  other.close();
});

test("a wrong setting gives its name and the remedy, and no stack", async () => {
  await using program = runStartProgram({ ...unreachable, WAYBILL_PORT: "http" });
  expect(await program.ended).toBe(1);
  expect(program.said()).toMatch(/WAYBILL_PORT must be a whole number/);
  expect(program.said()).not.toMatch(/\n\s+at /);
});

test("a server that is killed is said so, and start ends with 1", async () => {
  await using program = runStartProgram(unreachable);
  await program.says(serves);
  for (const pid of await childrenOf(program.pid)) process.kill(pid, "SIGKILL");
  expect(await program.ended).toBe(1);
  expect(program.said()).toMatch(/The server ended unexpectedly \(SIGKILL\)/);
});
