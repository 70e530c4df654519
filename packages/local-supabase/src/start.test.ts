import { stat, readdir, readFile } from "node:fs/promises";
import { createServer } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { fetch } from "undici";
import { expect, test } from "vitest";
import { maxBodyBytes } from "./http/body-limit.ts";
import { loadCertificate } from "./data-dir/certificate.ts";
import { start } from "./start.ts";
import { eventually, processesWith } from "./testing/processes.ts";
import { openFolder, projectOf, putFiles, temporaryFolder } from "./testing/folders.ts";
import { requestsTo } from "./testing/requests.ts";

const notes = { "migrations/1_notes.sql": "create table public.notes (id int primary key, text text);" };

test("a stack serves, keeps its data and keys over a restart, and locks others out", async () => {
  const dataDir = join(await temporaryFolder(), "data");
  const project = await projectOf(notes);
  await using first = await start({ dataDir, project });
  expect(first.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  expect(first.publishableKey).toMatch(/^sb_publishable_[\w-]{32}$/);
  expect(first.secretKey).toMatch(/^sb_secret_[\w-]{32}$/);
  const made = await requestsTo(first)("/rest/v1/notes", { method: "POST", json: { id: 1, text: "kept" } });
  expect(made).toEqual({ status: 201, body: [{ id: 1, text: "kept" }] });

  const stranger = { ...first, secretKey: `${first.secretKey}x` };
  expect((await requestsTo(stranger)("/rest/v1/notes")).status).toBe(401);
  const large = await requestsTo(first)("/rest/v1/notes", { method: "POST", json: "x".repeat(maxBodyBytes) });
  expect(large.status).toBe(413);

  const unstorable = { email: "nul@example.com", password: "password1", data: { nul: "\0" } };
  expect((await requestsTo(first)("/auth/v1/signup", { method: "POST", json: unstorable })).status).toBe(400);
  const log = await readFile(join(dataDir, "stack.log"), "utf8");
  expect(log).toContain("unsupported Unicode escape sequence");
  // Its parameters, the password's hash among them, would stand below the statement.
  expect(log).not.toContain("insert into");

  // Another certificate than the stack's own is not trusted, and neither are the system's.
  await expect(fetch(`${first.url}/rest/v1/notes`)).rejects.toMatchObject({
    cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" },
  });
  // Nothing of a secret is on a command line, where every user of the machine can read it.
  for (const secret of [first.secretKey, first.jwtSecret, new URL(first.dbUrl).password]) {
    expect(await processesWith(secret)).toEqual([]);
  }
  const files = (await readdir(dataDir, { withFileTypes: true })).filter((entry) => entry.isFile());
  const readable = await Promise.all(
    files.map(async ({ name }) => [name, (await stat(join(dataDir, name))).mode & 0o077]),
  );
  expect(readable.filter(([, others]) => others !== 0)).toEqual([]);
  expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(["keys.json", "tls.key", "stack.log"]));
  await expect(start({ dataDir, project, engine: "native" })).rejects.toMatchObject({ code: "DATA_DIR_IN_USE" });
  expect((await stat(dataDir)).mode & 0o777).toBe(0o700);

  await expect(start({ dataDir, project })).rejects.toMatchObject({
    code: "DATA_DIR_IN_USE",
    message: expect.stringMatching(new RegExp(`^${dataDir} is in use by process ${first.pid}\\. Stop that one`)),
  });
  expect((await requestsTo(first)("/rest/v1/notes")).status).toBe(200);

  // What a terminal or a service manager sends to the whole group: its owner may still have something to bring in.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.kill(first.pid, signal);
  expect((await requestsTo(first)("/rest/v1/notes")).status).toBe(200);

  await first.stop();
  await first.stop();
  expect(await first.ended).toBeUndefined();

  await using second = await start({ dataDir, project });
  expect([second.publishableKey, second.secretKey, second.jwtSecret, second.ca]).toEqual([
    first.publishableKey,
    first.secretKey,
    first.jwtSecret,
    first.ca,
  ]);
  expect((await requestsTo(second)("/rest/v1/notes")).body).toEqual([{ id: 1, text: "kept" }]);
});

test.each(["pglite", "native"] as const)(
  "%s: of two that open a directory at the same moment, exactly one wins",
  async (engine) => {
    const dataDir = join(await openFolder(), "data");
    const options = { dataDir, engine, project: await projectOf({}) };
    const outcomes = await Promise.allSettled([start(options), start(options)]);
    const won = outcomes.filter((outcome) => outcome.status === "fulfilled");
    for (const { value } of won) await value.stop();
    expect(won).toHaveLength(1);
    expect(outcomes.find((outcome) => outcome.status === "rejected")?.reason).toMatchObject({
      code: "DATA_DIR_IN_USE",
    });
  },
);

test("without a data directory nothing is left behind", async () => {
  const stack = await start({ project: await projectOf({}) });
  expect(await readdir(stack.dataDir)).toContain("keys.json");
  await stack.stop();
  await expect(stat(stack.dataDir)).rejects.toMatchObject({ code: "ENOENT" });
});

test("a request that is under way when the stack stops is answered to its end", async () => {
  const stack = await start({ engine: "native", project: await projectOf({}) });
  const sql = postgres(stack.dbUrl, { max: 1 });
  await sql`begin`;
  await sql`lock table auth.users`;
  // Two statements: the second comes when the stack has been told to stop.
  const json = { email: "late@example.com" };
  const answer = requestsTo(stack)("/auth/v1/admin/users", { method: "POST", json });
  const waiting = async () => (await sql`select 1 from pg_stat_activity where wait_event_type = 'Lock'`).length > 0;
  await eventually(waiting, "the request waited for the lock");
  const stopped = stack.stop();
  await sleep(500);
  await sql`commit`;
  await sql.end();
  expect(await answer).toMatchObject({ status: 200, body: json });
  await stopped;
});

test("a port in use, a wrong port and a directory of somebody else's files give a sentence", async () => {
  const folder = await temporaryFolder();
  const { key, ca } = await loadCertificate(folder);
  await using taken = createServer({ key, cert: ca });
  await new Promise<void>((resolve) => {
    taken.listen(0, "127.0.0.1", resolve);
  });
  const address = taken.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const project = await projectOf({});
  await expect(start({ project, port })).rejects.toMatchObject({
    code: "PORT_IN_USE",
    message: `Port ${port} of 127.0.0.1 is in use by another program. Stop that one, choose another port, or choose 0 for any free one.`,
  });
  await expect(start({ project, port: 65_536 })).rejects.toMatchObject({ code: "BAD_OPTIONS" });

  const foreign = await temporaryFolder();
  await putFiles(foreign, { "thesis.txt": "mine" });
  await expect(start({ project, dataDir: foreign })).rejects.toMatchObject({
    code: "DATA_DIR_UNUSABLE",
    message: expect.stringContaining("holds other files"),
  });
  await expect(start({ project, dataDir: join(foreign, "thesis.txt") })).rejects.toMatchObject({
    code: "DATA_DIR_UNUSABLE",
    message: expect.stringContaining("there is a file of that name"),
  });
  expect(await readFile(join(foreign, "thesis.txt"), "utf8")).toBe("mine");
});
