import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import type { SupabaseClient } from "@supabase/supabase-js";
import { makeEncryptionKey, parseEncryptionKeys } from "./secrets.ts";
import { plainClients, rejection, type SignedIn } from "./testing/plain-clients.ts";
import { createWaybill } from "./waybill.ts";
import type { WaybillOptions } from "./waybill-options.ts";
import type { Waybill } from "./waybill-types.ts";

const plain = plainClients();
const directories: string[] = [];
afterAll(async () => {
  await plain[Symbol.asyncDispose]();
  for (const directory of directories) await rm(directory, { recursive: true });
});

async function optionsOf(instance: string, more: Partial<WaybillOptions> = {}): Promise<WaybillOptions> {
  const { url, publishableKey, secretKey, ca } = inject("stack");
  const journalDir = await mkdtemp(join(tmpdir(), "waybill-gateway-"));
  directories.push(journalDir);
  return { url, publishableKey, secretKey, ca, journalDir, instance, ...more };
}

async function isReady(waybill: Waybill): Promise<void> {
  await vi.waitFor(() => expect(waybill.ready()).toBe(true), { timeout: 20_000 });
}

/** The records of one request as they stand in the database, read past Waybill. */
async function recordsOf(requestId: string) {
  const { data, error } = await plain.service
    .from("database_operations")
    .select("*")
    .eq("request_id", requestId)
    .order("operation_id");
  if (error !== null) throw error;
  return data;
}

describe("each call leaves one record", () => {
  let waybill: Waybill;
  let user: SignedIn;
  beforeAll(async () => {
    waybill = createWaybill(await optionsOf("calls"));
    user = await plain.signUp();
    await isReady(waybill);
  });
  afterAll(() => waybill.close());

  test("of the service client, under the secret key's client and the context's names", async () => {
    const request_id = crypto.randomUUID();
    const fields = { type: "object", properties: { id: { type: "string" } }, required: ["id"] } as const;
    const model = await waybill.models.create(
      { model_name: "Traced", table_name: "traced", schema_version: "1.0.0", fields },
      "tester",
    );
    const { model_id, schema_version } = model;
    await waybill.run({ request_id, user_id: user.id, model_id, schema_version }, () =>
      waybill.service().from("data_models").select("model_id").eq("model_id", model_id),
    );
    await waybill.flush();
    expect(await recordsOf(request_id)).toMatchObject([
      {
        client_id: "calls/service_role",
        operation_type: "read",
        table_name: "data_models",
        status: "success",
        user_id: user.id,
        session_id: null,
        model_id,
        schema_version,
        attempts: 1,
        response_data: [{ model_id }],
      },
    ]);
  });

  test("of a user's client, under the publishable key's client, and under that user's policies", async () => {
    const request_id = crypto.randomUUID();
    const airport = { iata: "WBA", name: "A", city: "B", state: "CD", country: "USA", latitude: 1, longitude: 2 };
    const untyped: SupabaseClient = waybill.forUser(user.accessToken);
    const table = () => untyped.from("airports");
    const answers = await waybill.run({ request_id }, async () => [
      await table().insert(airport),
      await table().update({ name: "C" }).eq("iata", "WBA"),
      await table().insert({ ...airport, iata: "WBB", owner_id: crypto.randomUUID() }),
      await table().delete().eq("iata", "WBA"),
    ]);
    await waybill.flush();
    expect(answers.map(({ error }) => error?.code)).toEqual([undefined, undefined, "42501", undefined]);
    const shared = { client_id: "calls/anon", table_name: "airports", user_id: user.id };
    expect(await recordsOf(request_id)).toMatchObject([
      { ...shared, operation_type: "create", status: "success" },
      { ...shared, operation_type: "update", status: "success" },
      { ...shared, operation_type: "create", status: "error", error_message: expect.stringContaining("policy") },
      { ...shared, operation_type: "delete", status: "success" },
    ]);
  });

  test("of the anon client: a sign-in, whose body is nowhere, and which signs nobody else in", async () => {
    const request_id = crypto.randomUUID();
    const { email, password } = user;
    const { error } = await waybill.run({ request_id }, () =>
      waybill.anon().auth.signInWithPassword({ email, password }),
    );
    expect(error).toBeNull();
    await waybill.flush();
    const records = await recordsOf(request_id);
    expect(records).toMatchObject([
      { client_id: "calls/anon", operation_type: "create", table_name: "auth.sessions", status: "success" },
    ]);
    expect(JSON.stringify(records)).not.toContain(password);
    expect(JSON.stringify(records)).not.toContain("access_token");
    // somebody who is signed in could read the active models
    expect((await waybill.anon().from("data_models").select("model_id")).error?.code).toBe("42501");
  });

  test("the stores' own calls are recorded, and last_activity, which a close writes, is not", async () => {
    const request_id = crypto.randomUUID();
    const own = createWaybill(await optionsOf("activity"));
    await isReady(own);
    const before = await own.run({ request_id }, async () => {
      const session = await own.sessions.create(
        {
          user_id: user.id,
          access_token: user.accessToken,
          refresh_token: user.refreshToken,
          expires_at: new Date(Date.now() + 60_000).toISOString(),
        },
        "c".repeat(64),
      );
      await new Promise((resolve) => setTimeout(resolve, 2));
      own.sessions.touch(session);
      await own.sessions.get(session.session_id);
      return session;
    });
    await own.close();
    const after = await waybill.sessions.get(before.session_id);
    expect(Date.parse(after.last_activity)).toBeGreaterThan(Date.parse(before.last_activity));
    const records = await recordsOf(request_id);
    expect(records.map((row) => [row.operation_type, row.table_name])).toEqual([
      ["create", "authentication_contexts"],
      ["read", "authentication_contexts"],
    ]);
    expect(JSON.stringify(records)).not.toContain(user.accessToken);
    expect(JSON.stringify(records)).not.toContain("v1:");
  });

  test("a user lists its own records through its client, the bodies of the secret key's calls left out", async () => {
    const request_id = crypto.randomUUID();
    const caller = waybill.forUser(user.accessToken);
    await waybill.run({ request_id, user_id: user.id }, async () => {
      await caller.from("data_models").select("model_id").limit(1);
      await waybill.service().from("supabase_clients").select("client_id").limit(1);
    });
    await waybill.flush();
    const mine = await waybill.operations.list({ request_id }, caller);
    expect(mine.rows).toMatchObject([
      { client_id: "calls/service_role", query_data: null, response_data: null },
      { client_id: "calls/anon", response_data: expect.anything() },
    ]);
    const other = await plain.signUp();
    expect((await waybill.operations.list({ request_id }, other.client)).rows).toEqual([]);
    const id = mine.rows[0]?.operation_id ?? "";
    expect(await rejection(waybill.operations.get(id, other.client))).toMatchObject({ code: "NOT_FOUND" });
    expect(await waybill.operations.get(id)).toMatchObject({ response_data: [expect.anything()] });
  });
});

describe("the records", () => {
  test("are listed newest first, page by page, by every field", async () => {
    await using waybill = createWaybill(await optionsOf("pages"));
    await isReady(waybill);
    const request_id = crypto.randomUUID();
    await waybill.run({ request_id }, async () => {
      for (let n = 0; n < 5; n += 1) await waybill.service().from("data_models").select("model_id").limit(1);
      const untyped: SupabaseClient = waybill.service();
      await untyped.from("nowhere").select();
    });
    await waybill.flush();
    const first = await waybill.operations.list({ request_id, limit: 4 });
    const second = await waybill.operations.list({ request_id, limit: 4, cursor: first.next_cursor ?? "" });
    const rows = [...first.rows, ...second.rows];
    expect([first.rows.length, second.rows.length, second.next_cursor]).toEqual([4, 2, null]);
    const ids = rows.map((row) => row.operation_id);
    expect(ids).toEqual(ids.toSorted().toReversed());
    const [newest] = rows;
    if (newest === undefined) throw new Error("there is no record");
    const { client_id, operation_type, table_name, created_at } = newest;
    const ofRequest = async (filter: object) => (await waybill.operations.list({ request_id, ...filter })).rows.length;
    expect(newest.status).toBe("error");
    expect(await ofRequest({ status: "error" })).toBe(1);
    expect(await ofRequest({ client_id })).toBe(6);
    expect(await ofRequest({ client_id: "other/anon" })).toBe(0);
    expect(await ofRequest({ operation_type })).toBe(6);
    expect(await ofRequest({ operation_type: "delete" })).toBe(0);
    expect(await ofRequest({ table_name })).toBe(1);
    expect(await ofRequest({ user_id: "nobody" })).toBe(0);
    expect(await ofRequest({ session_id: crypto.randomUUID() })).toBe(0);
    expect(await ofRequest({ model_id: crypto.randomUUID() })).toBe(0);
    expect(await ofRequest({ created_from: created_at })).toBe(1);
    expect(await ofRequest({ created_before: created_at })).toBe(5);
    expect(await rejection(waybill.operations.list({ limit: 0 }))).toMatchObject({ code: "VALIDATION_FAILED" });
  });
});

describe("the clients", () => {
  test("stand in the table with their keys encrypted, and no store shows those", async () => {
    const keys = parseEncryptionKeys(makeEncryptionKey());
    const options = await optionsOf("rows", { encryptionKeys: keys });
    await using waybill = createWaybill(options);
    await isReady(waybill);
    const { rows } = await waybill.clients.list({ limit: 200 });
    const own = rows.filter((row) => row.client_id.startsWith("rows/"));
    expect(own).toMatchObject([
      { client_id: "rows/anon", client_type: "anon", connection_status: "connected", is_active: true },
      { client_id: "rows/service_role", client_type: "service_role", connection_status: "connected", is_active: true },
    ]);
    expect(await waybill.clients.get("rows/anon")).toMatchObject({ client_id: "rows/anon", client_type: "anon" });
    expect(JSON.stringify(rows)).not.toMatch(/supabase_key|v1:/);
    const { data } = await plain.service.from("supabase_clients").select("supabase_key").like("client_id", "rows/%");
    expect(data?.map((row) => row.supabase_key.split(":", 2).join(":"))).toEqual(Array(2).fill(`v1:${keys.currentId}`));
    expect(JSON.stringify(data)).not.toContain(options.secretKey);
    expect(await rejection(waybill.clients.get("other/anon"))).toMatchObject({ code: "NOT_FOUND" });
  });

  test("one of this process is taken out of use and brought back by a person, no other is", async () => {
    await using waybill = createWaybill(await optionsOf("switch"));
    await isReady(waybill);
    waybill.connection("switch/anon").deactivate();
    const { error } = await waybill.anon().from("data_models").select("model_id");
    expect(error).not.toBeNull();
    expect(waybill.ready()).toBe(false);
    expect(waybill.health().anon).toMatchObject({ is_active: false });
    expect(await waybill.connection("switch/anon").reconnect()).toBe(true);
    await isReady(waybill);
    expect(() => waybill.connection("other/anon")).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
  });
});

test.each([
  [{ request_id: "" }, "request_id"],
  [{ request_id: "x".repeat(3000) }, "request_id"],
  [{ request_id: "r", user_id: "" }, "user_id"],
  [{ request_id: "r", session_id: "no uuid" }, "session_id"],
  [{ request_id: "r", schema_version: "1" }, "schema_version"],
])("a context that no record could hold is refused before its work begins: %j", async (context, field) => {
  await using waybill = createWaybill(await optionsOf("context"));
  const work = vi.fn<() => void>();
  expect(await rejection(waybill.run(context, work))).toMatchObject({ code: "VALIDATION_FAILED", issues: [{ field }] });
  expect(work).not.toHaveBeenCalled();
});

describe("closing", () => {
  test("brings every record to the database first", async () => {
    const waybill = createWaybill(await optionsOf("closing"));
    await isReady(waybill);
    const request_id = crypto.randomUUID();
    await waybill.run({ request_id }, () =>
      Promise.all(Array.from({ length: 50 }, () => waybill.service().from("data_models").select("model_id").limit(1))),
    );
    await waybill.close();
    await waybill.close();
    expect(await recordsOf(request_id)).toHaveLength(50);
    const { data } = await plain.service.from("supabase_clients").select("*").like("client_id", "closing/%");
    expect(data).toMatchObject([{ is_active: false }, { is_active: false }]);
  });

  test("records of one that could not reach Supabase are brought there by the next", async () => {
    const options = await optionsOf("later");
    const request_id = crypto.randomUUID();
    const port = await unusedPort();
    const cut = createWaybill({ ...options, url: `https://127.0.0.1:${port}` });
    const { error } = await cut.run({ request_id }, () =>
      cut.service().from("data_models").select("model_id").limit(1),
    );
    expect(error).not.toBeNull();
    expect(cut.ready()).toBe(false);
    await cut.close();
    expect(await recordsOf(request_id)).toEqual([]);
    await using next = createWaybill(options);
    await isReady(next);
    await expect.poll(() => recordsOf(request_id), { timeout: 20_000 }).toMatchObject([{ status: "error" }]);
  });
});

describe("options that cannot work are refused by name, and nothing is made", () => {
  test.each([
    [{ url: "http://example.com" }, "url"],
    [{ url: "nonsense" }, "url"],
    [{ secretKey: "" }, "secretKey"],
    [{ secretKey: "sb_publishable_0123456789" }, "secretKey"],
    [{ publishableKey: "sb_secret_0123456789" }, "publishableKey"],
    [{ instance: "a/b" }, "instance"],
  ] as const)("%j", async (change, name) => {
    const options = await optionsOf("refused");
    const attempt = () => createWaybill({ ...options, ...change });
    expect(attempt).toThrow(expect.objectContaining({ code: "ENVIRONMENT_INVALID" }));
    expect(attempt).toThrow(new RegExp(`Option ${name} `));
    expect(attempt).not.toThrow(/0123456789/);
    expect(await readdir(options.journalDir)).toEqual([]);
  });
});

async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("there is no port");
  return address.port;
}
