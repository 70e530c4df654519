import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from "vitest";
import { openGate } from "./testing/gate.ts";
import { forkServer } from "./testing/server-process.ts";
import { openSql } from "./testing/sql.ts";
import { projectEnv } from "./testing/stage.ts";

let directory: string;
let settings: Record<string, string>;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "waybill-main-"));
  settings = await projectEnv(directory, inject("stack"));
});
afterEach(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));

const login = (url: string, id: string) =>
  fetch(`${url}/trpc/sessions.login`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-request-id": id },
    body: JSON.stringify({ email: "nobody@example.com", password: "wrong one" }),
  });

describe("a start that cannot be", () => {
  it("names every variable in one answer, without a stack", async () => {
    await using server = forkServer({ SUPABASE_URL: "https://abc.supabase.co", WAYBILL_PORT: "many" });
    expect(await server.ended).toBe(1);
    expect(server.output()).toMatch(/WAYBILL_PORT must be[^]*SUPABASE_SECRET_KEY is missing/);
    expect(server.output()).not.toMatch(/^\s+at /m);
  });

  it("says in a sentence that the port is in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = String(typeof address === "object" ? address?.port : 0);
    await using server = forkServer({ ...settings, WAYBILL_PORT: port });
    expect(await server.ended).toBe(1);
    expect(server.output()).toContain(`Port ${port} on 127.0.0.1 is in use`);
    expect(server.output()).not.toMatch(/^\s+at /m);
    other.close();
  });

  it("says in a sentence that the data directory cannot be used, and which setting names another", async () => {
    const path = join(directory, "a file");
    await writeFile(path, "");
    for (const dataDir of [path, join(path, "below")]) {
      await using server = forkServer({ WAYBILL_DATA_DIR: dataDir });
      expect(await server.ended).toBe(1);
      expect(server.output()).toMatch(/^The data directory .* cannot be used \(E[A-Z]+.*WAYBILL_DATA_DIR\.\n$/);
    }
  });
});

describe("an unreachable Supabase", () => {
  it("does not keep the server from starting; it says so, keeps trying, and is ready when Supabase is there", async () => {
    // below those that the system hands out, or another test's server takes it meanwhile
    const port = 20_000 + (process.pid % 10_000);
    await using server = forkServer({ ...settings, SUPABASE_URL: `https://127.0.0.1:${port}` });
    const { url } = await server.ready;
    expect((await fetch(`${url}/health`)).status).toBe(200);
    const ready = await fetch(`${url}/ready`);
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { status: "not_ready", message: expect.stringContaining("keeps trying") },
    ]);
    const refused = await login(url, "unreachable-1");
    expect([refused.status, await refused.text()]).toEqual([
      503,
      expect.stringMatching(/SUPABASE_UNREACHABLE|CLIENT_DISCONNECTED/),
    ]);
    await expect.poll(server.output, { timeout: 25_000 }).toContain("ECONNREFUSED");

    await using gate = await openGate(inject("stack").url, port);
    expect(gate.port).toBe(port);
    await expect.poll(async () => (await fetch(`${url}/ready`)).status, { timeout: 25_000 }).toBe(200);
  });
});

describe("a graceful stop", () => {
  it("lets open requests finish, takes no new ones, and leaves their records in the database", async () => {
    await using gate = await openGate(inject("stack").url);
    await using server = forkServer({ ...settings, SUPABASE_URL: `https://127.0.0.1:${gate.port}` });
    const { url } = await server.ready;
    await expect.poll(async () => (await fetch(`${url}/ready`)).status, { timeout: 25_000 }).toBe(200);
    gate.close();
    const id = `drain-${directory.slice(-6)}`;
    const open = login(url, id);
    await gate.held();
    // two signals of one wish, as a terminal and a parent send them
    server.child.kill("SIGINT");
    server.child.kill("SIGTERM");
    await expect
      .poll(() =>
        fetch(`${url}/health`, { headers: { connection: "close" } }).then(
          () => "served",
          () => "refused",
        ),
      )
      .toBe("refused");
    gate.open();
    expect((await open).status).toBe(401);
    expect(await server.ended).toBe(0);
    const sql = openSql(inject("stack").dbUrl);
    const rows = await sql`select status from public.database_operations where request_id = ${id}`;
    await sql.end();
    expect(rows).toMatchObject([{ status: "error" }]);
  });

  it("cuts off requests that outlast the deadline, and still ends well", async () => {
    await using gate = await openGate(inject("stack").url);
    await using server = forkServer({
      ...settings,
      SUPABASE_URL: `https://127.0.0.1:${gate.port}`,
      WAYBILL_STOP_TIMEOUT_MS: "200",
    });
    const { url } = await server.ready;
    gate.close();
    const open = login(url, "cut-1").then(
      (answer) => answer.status,
      () => "cut off",
    );
    await gate.held();
    server.child.kill("SIGTERM");
    expect(await open).toBe("cut off");
    gate.open();
    expect(await server.ended).toBe(0);
    expect(server.output()).toContain("cut off at the deadline");
  });

  it("ends at once at a second signal", async () => {
    await using gate = await openGate(inject("stack").url);
    await using server = forkServer({
      ...settings,
      SUPABASE_URL: `https://127.0.0.1:${gate.port}`,
      WAYBILL_STOP_TIMEOUT_MS: "600000",
    });
    const { url } = await server.ready;
    gate.close();
    const open = login(url, "second-1").then(
      () => "answered",
      () => "cut off",
    );
    await gate.held();
    server.child.kill("SIGTERM");
    // the first of them that it sees later than the second of one wish
    const insisting = setInterval(() => server.child.kill("SIGTERM"), 600);
    onTestFinished(() => clearInterval(insisting));
    expect(await server.ended).toBe(1);
    expect(await open).toBe("cut off");
  });

  it("leaves when its parent goes", async () => {
    await using server = forkServer(settings);
    await server.ready;
    server.child.disconnect();
    expect(await server.ended).toBe(0);
  });
});
