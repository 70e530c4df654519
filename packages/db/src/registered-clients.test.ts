import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { countingProxy, type CountingProxy } from "./client/testing/counting-proxy.ts";
import { createWaybill, makeEncryptionKey, parseEncryptionKeys, type Waybill, type WaybillOptions } from "./index.ts";
import { sideClientLimit } from "./side-clients.ts";
import { plainClients, rejection } from "./testing/plain-clients.ts";

const stack = inject("stack");
const sql = postgres(stack.dbUrl, { max: 1 });
const encryptionKeys = parseEncryptionKeys(makeEncryptionKey());
/** Another project, as far as its clients can tell. */
let other: CountingProxy;
let directory: string;
beforeAll(async () => {
  other = await countingProxy(stack);
  directory = await mkdtemp(join(tmpdir(), "waybill-registered-"));
});
afterAll(async () => {
  await sql`delete from supabase_clients where client_id like 'reg-%'`;
  await sql.end();
  await other[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
});

const open = (changes: Partial<WaybillOptions> = {}): Waybill =>
  createWaybill({
    ...stack,
    journalDir: directory,
    instance: "reg-home",
    encryptionKeys,
    allowHttpLoopback: true,
    allowedHosts: ["127.0.0.1"],
    ...changes,
  });
const client = (name: string, changes: object = {}) => ({
  client_id: `reg-${name}/service_role`,
  client_type: "service_role" as const,
  supabase_url: other.url,
  supabase_key: stack.secretKey,
  ...changes,
});
const stored = async (clientId: string) => (await sql`select * from supabase_clients where client_id = ${clientId}`)[0];
const isRunning = (waybill: Waybill, clientId: string): boolean => {
  try {
    return waybill.connection(clientId).health().is_active;
  } catch {
    return false;
  }
};
const recorded = (clientId: string) =>
  sql`select table_name, status, query_data from database_operations where client_id = ${clientId}`;

it("is stored with its key encrypted, and runs beside the others with records of its own", async () => {
  await using waybill = open();
  const given = client("a");
  const row = await waybill.clients.register(given);
  expect(row).toMatchObject({ client_id: given.client_id, connection_status: "connected", is_active: true });
  expect(row).not.toHaveProperty("supabase_key");
  expect((await stored(given.client_id))?.["supabase_key"]).toMatch(/^v1:/);
  const supabase = await waybill.client(given.client_id);
  const before = other.passed.length;
  expect((await supabase.from("airports").select().limit(1)).error).toBeNull();
  expect(other.passed.slice(before).map(({ path }) => path)).toEqual(["/rest/v1/airports?select=*&limit=1"]);
  await (await waybill.client("reg-home/service_role")).from("routes").select().limit(1);
  expect(other.passed.length).toBe(before + 1);
  await waybill.flush();
  expect(await recorded(given.client_id)).toMatchObject([{ table_name: "airports", status: "success" }]);
  const registering = await sql`
    select query_data::text from database_operations
    where table_name = 'supabase_clients' and operation_type = 'create' and client_id = 'reg-home/service_role'`;
  expect(registering.length).toBeGreaterThan(0);
  expect(JSON.stringify(registering)).not.toMatch(/v1:|sb_secret/);
});

it("works under a user's policies with the user's token", async () => {
  await using plain = plainClients();
  const user = await plain.signUp();
  await using waybill = open();
  const given = client("u", {
    client_id: "reg-u/anon",
    client_type: "anon" as const,
    supabase_key: stack.publishableKey,
  });
  await waybill.clients.register({ ...given, client_type: "anon" });
  const asUser = await waybill.client(given.client_id, user.accessToken);
  expect((await asUser.from("supabase_clients").select()).error?.code).toBe("42501");
  expect((await asUser.auth.getUser()).data.user?.id).toBe(user.id);
  await plain.service.auth.admin.deleteUser(user.id);
});

it.each([
  ["http://127.0.0.1:5432", []],
  ["https://10.0.0.1", ["127.0.0.1"]],
  ["https://169.254.169.254/latest", ["127.0.0.1"]],
  ["https://2130706433", ["localhost"]],
  ["https://[::ffff:7f00:1]", ["127.0.0.1"]],
  ["https://localhost", ["127.0.0.1"]],
  [`https://${"x".repeat(64)}.invalid`, []],
])("%s is refused where only %j is allowed", async (supabase_url, allowedHosts) => {
  await using waybill = open({ allowedHosts });
  const refusal = await rejection(waybill.clients.register(client("b", { supabase_url })));
  expect(refusal).toMatchObject({
    code: "VALIDATION_FAILED",
    issues: [{ field: "supabase_url", rule: "public_host", message: expect.stringContaining("WAYBILL_ALLOWED_HOSTS") }],
  });
  expect(await stored("reg-b/service_role")).toBeUndefined();
});

it("is refused for a name that is taken, that is this process' own, and for a key of the other type", async () => {
  await using waybill = open();
  await waybill.clients.register(client("c"));
  expect(await rejection(waybill.clients.register(client("c")))).toMatchObject({ code: "UNIQUE_VIOLATION" });
  expect(await rejection(waybill.clients.register(client("home")))).toMatchObject({ code: "CONFLICT" });
  const mixed = client("d", { supabase_key: stack.publishableKey });
  expect(await rejection(waybill.clients.register(mixed))).toMatchObject({
    code: "VALIDATION_FAILED",
    issues: [{ field: "supabase_key" }],
  });
});

it("goes out of use alone when its project does not answer", async () => {
  const gone = await countingProxy(stack);
  await using waybill = open();
  const given = client("e", { supabase_url: gone.url });
  await waybill.clients.register(given);
  await gone[Symbol.asyncDispose]();
  const supabase = await waybill.client(given.client_id);
  expect((await supabase.from("airports").select()).status).toBe(0);
  expect(waybill.connection(given.client_id).health().connection_status).not.toBe("connected");
  expect(waybill.health().service_role.connection_status).toBe("connected");
  expect((await waybill.service().from("data_models").select().limit(1)).error).toBeNull();
});

it("stays out of use once a person took it out, through a restart, until a person brings it back", async () => {
  const { client_id } = client("f");
  {
    await using waybill = open();
    await waybill.clients.register(client("f"));
    const supabase = await waybill.client(client_id);
    const out = { connection_status: "disconnected", is_active: false, error_count: 0, retry_count: 0 };
    expect(await waybill.clients.deactivate(client_id)).toMatchObject(out);
    expect((await supabase.from("airports").select()).error?.message).toContain("CLIENT_DISCONNECTED");
    expect(await rejection(waybill.clients.deactivate(client_id))).toMatchObject({ code: "ILLEGAL_TRANSITION" });
  }
  await using waybill = open();
  expect(await stored(client_id)).toMatchObject({ is_active: false, error_count: 0 });
  expect(await waybill.clients.reconnect(client_id)).toBe(true);
  expect((await (await waybill.client(client_id)).from("airports").select().limit(1)).error).toBeNull();
  await expect.poll(async () => (await stored(client_id))?.["is_active"]).toBe(true);
});

it("runs again after a restart when it is asked for", async () => {
  const { client_id } = client("g");
  {
    await using waybill = open();
    await waybill.clients.register(client("g"));
  }
  expect(await stored(client_id)).toMatchObject({ connection_status: "disconnected", is_active: false });
  await using waybill = open();
  expect(() => waybill.connection(client_id)).toThrow("runs no such client");
  expect((await (await waybill.client(client_id)).from("airports").select().limit(1)).error).toBeNull();
  await expect.poll(async () => (await stored(client_id))?.["is_active"]).toBe(true);
  await using stricter = open({ instance: "reg-strict", journalDir: join(directory, "strict"), allowedHosts: [] });
  expect(await rejection(stricter.client(client_id))).toMatchObject({ code: "VALIDATION_FAILED" });
});

it("is removed with its operations, and not while somebody else uses it", async () => {
  await using waybill = open();
  const { client_id } = client("h");
  await waybill.clients.register(client("h"));
  await (await waybill.client(client_id)).from("airports").select().limit(1);
  await waybill.flush();
  expect(await recorded(client_id)).toHaveLength(1);
  await using elsewhere = open({ instance: "reg-elsewhere", journalDir: join(directory, "elsewhere") });
  expect(await rejection(elsewhere.clients.remove(client_id))).toMatchObject({ code: "CONFLICT" });
  expect(await rejection(elsewhere.clients.reconnect(client_id))).toMatchObject({ code: "NOT_FOUND" });
  await waybill.clients.remove(client_id);
  expect([await stored(client_id), await recorded(client_id)]).toEqual([undefined, []]);
  expect(await rejection(waybill.clients.remove(client_id))).toMatchObject({ code: "NOT_FOUND" });
  await waybill.flush();
  expect(await stored(client_id)).toBeUndefined();
});

it("stays removed when another process removed it", async () => {
  await using waybill = open();
  await using elsewhere = open({ instance: "reg-elsewhere", journalDir: join(directory, "elsewhere") });
  const { client_id } = client("i");
  await waybill.clients.register(client("i"));
  const supabase = await waybill.client(client_id);
  await elsewhere.clients.deactivate(client_id);
  await elsewhere.clients.remove(client_id);
  // this process has not noticed yet; its next write of the row does
  await supabase.from("airports").select().limit(1);
  await expect.poll(() => isRunning(waybill, client_id), { timeout: 10_000 }).toBe(false);
  expect(await stored(client_id)).toBeUndefined();
  expect((await supabase.from("airports").select().limit(1)).error?.message).toContain("CLIENT_DISCONNECTED");
  expect(await rejection(waybill.client(client_id))).toMatchObject({ code: "NOT_FOUND" });
});

it("runs with what it was registered anew with, where this process has not noticed that it was removed", async () => {
  await using waybill = open();
  const { client_id } = client("j");
  const gone = await countingProxy(stack);
  await waybill.clients.register(client("j", { supabase_url: gone.url }));
  await gone[Symbol.asyncDispose]();
  await sql`delete from supabase_clients where client_id = ${client_id}`;
  await waybill.clients.register(client("j"));
  expect((await (await waybill.client(client_id)).from("airports").select().limit(1)).error).toBeNull();
  expect(await stored(client_id)).toMatchObject({ supabase_url: other.url });
});

it("is not stored where this process can run no more", async () => {
  await using waybill = open();
  for (let index = 0; index < sideClientLimit; index += 1) await waybill.clients.register(client(`many-${index}`));
  expect(await rejection(waybill.clients.register(client("many-more")))).toMatchObject({ code: "CONFLICT" });
  expect(await stored("reg-many-more/service_role")).toBeUndefined();
});

it("cannot be this process' own service client, which nobody could bring back", async () => {
  await using waybill = open();
  const { client_id } = waybill.health().service_role;
  expect(await rejection(waybill.clients.deactivate(client_id))).toMatchObject({ code: "CONFLICT" });
  expect(await rejection(waybill.clients.remove(client_id))).toMatchObject({ code: "CONFLICT" });
  expect((await waybill.service().from("data_models").select().limit(1)).error).toBeNull();
});
