import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createTRPCClient, httpLink } from "@trpc/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { AppRouter } from "./app-router.ts";
import { plainEnvironment } from "./testing/env.ts";
import { forkServer, type ServerProcess } from "./testing/server-process.ts";

const credentialsSchema = z.object({ email: z.string(), password: z.string() });

let directory: string;
let settings: Record<string, string>;
let server: ServerProcess;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "waybill embedded "));
  settings = { WAYBILL_DATA_DIR: directory, WAYBILL_INSTANCE: "embedded" };
  server = forkServer(settings);
  await server.ready;
}, 180_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
});

async function rolesOf(credentials: { email: string; password: string }): Promise<string[]> {
  const { url } = await server.ready;
  const api = (token?: string) =>
    createTRPCClient<AppRouter>({
      links: [
        httpLink({ url: `${url}/trpc`, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } }),
      ],
    });
  const { session_token } = await api().sessions.login.mutate(credentials);
  return (await api(session_token).sessions.me.query()).roles;
}

const firstAdmin = async () =>
  credentialsSchema.parse(JSON.parse(await readFile(join(directory, "admin.json"), "utf8")));

function admin(email: string, env: Record<string, string> = {}) {
  const program = join(import.meta.dirname, "admin.ts");
  return promisify(execFile)(process.execPath, ["--disable-warning=ExperimentalWarning", program, "create", email], {
    env: { ...plainEnvironment(), ...settings, ...env },
  });
}

describe("the embedded start", () => {
  it("makes the first admin, whose password stands in a private file and is never printed", async () => {
    const credentials = await firstAdmin();
    expect(await rolesOf(credentials)).toEqual(["admin"]);
    expect(server.output()).toContain("admin.json");
    expect(server.output()).not.toContain(credentials.password);
  });

  it.skipIf(process.platform === "win32")("keeps what is secret for its owner", async () => {
    for (const name of ["admin.json", "encryption.key", "stack.json"]) {
      expect([name, (await stat(join(directory, name))).mode & 0o777]).toEqual([name, 0o600]);
    }
    expect((await stat(directory)).mode & 0o077).toBe(0);
  });

  it("tells a second server that the directory is taken, in a sentence", async () => {
    await using second = forkServer({ ...settings, WAYBILL_INSTANCE: "second" });
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain("is in use by process");
    expect(second.output()).not.toMatch(/^\s+at /m);
  });
});

describe("admin create", () => {
  it("makes an admin beside the running server, with a password from the environment", async () => {
    const credentials = { email: "ops@example.com", password: "given by the operator" };
    const { stdout } = await admin(credentials.email, { WAYBILL_ADMIN_PASSWORD: credentials.password });
    expect(stdout).not.toContain(credentials.password);
    expect(await rolesOf(credentials)).toEqual(["admin"]);
  });

  it("promotes an account that is there, and leaves its password alone", async () => {
    const { url } = await server.ready;
    const credentials = { email: "ada@example.com", password: "chosen by ada" };
    const api = createTRPCClient<AppRouter>({ links: [httpLink({ url: `${url}/trpc` })] });
    await api.sessions.signUp.mutate(credentials);
    expect(await rolesOf(credentials)).toEqual([]);
    const { stdout } = await admin(credentials.email);
    expect(stdout).toContain("had an account");
    expect(await rolesOf(credentials)).toEqual(["admin"]);
  });

  it("makes a password of its own and tells the private file that holds it", async () => {
    const { stdout } = await admin("second@example.com");
    const path = /in (.+\.json)/.exec(stdout)?.[1] ?? "";
    const credentials = credentialsSchema.parse(JSON.parse(await readFile(path, "utf8")));
    expect(stdout).not.toContain(credentials.password);
    expect(await rolesOf(credentials)).toEqual(["admin"]);
  });

  it("refuses what is no address in a sentence", async () => {
    await expect(admin("nobody")).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no e-mail address"),
    });
  });
});

describe("stop and second start", () => {
  it("stops at SIGTERM, works for the admin command meanwhile, and goes on with the same data", async () => {
    const credentials = await firstAdmin();
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(0);
    await expect(stat(join(directory, "stack.json"))).rejects.toMatchObject({ code: "ENOENT" });
    await admin("third@example.com", { WAYBILL_ADMIN_PASSWORD: "made while stopped" });
    server = forkServer(settings);
    await server.ready;
    expect(await firstAdmin()).toEqual(credentials);
    expect(await rolesOf(credentials)).toEqual(["admin"]);
    expect(await rolesOf({ email: "third@example.com", password: "made while stopped" })).toEqual(["admin"]);
  }, 180_000);
});

describe("an embedded Supabase that dies", () => {
  it("takes the server with it, in a sentence, and the next start goes on", async () => {
    const { pid } = z.object({ pid: z.int() }).parse(JSON.parse(await readFile(join(directory, "stack.json"), "utf8")));
    process.kill(pid, "SIGKILL");
    expect(await server.ended).toBe(1);
    expect(server.output()).toContain("the embedded Supabase is gone");
    server = forkServer(settings);
    await server.ready;
    expect(await rolesOf(await firstAdmin())).toEqual(["admin"]);
  });
});
