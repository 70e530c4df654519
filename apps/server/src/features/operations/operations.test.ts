import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { refusalOf } from "../../testing/refusal.ts";
import { openStage, type Person, type Stage } from "../../testing/stage.ts";

let stage: Stage;
let admin: Person;
let ada: Person;
let eve: Person;

beforeAll(async () => {
  stage = await openStage();
  [admin, ada, eve] = await Promise.all([stage.newAdmin(), stage.newUser(), stage.newUser()]);
  for (const person of [ada, eve]) await person.api.sessions.list.query({});
  await stage.services.waybill.flush();
});
afterAll(() => stage[Symbol.asyncDispose]());

describe("operations", () => {
  it("shows a user its own records and an admin everybody's", async () => {
    const own = await ada.api.operations.list.query({ limit: 200 });
    expect(own.rows.length).toBeGreaterThan(0);
    expect(new Set(own.rows.map(({ user_id }) => user_id))).toEqual(new Set([ada.userId]));
    expect((await ada.api.operations.list.query({ user_id: eve.userId })).rows).toEqual([]);
    expect((await admin.api.operations.list.query({ user_id: eve.userId })).rows.length).toBeGreaterThan(0);
  });

  it("shows one record to its user and not to another", async () => {
    const [record] = (await ada.api.operations.list.query({ limit: 1 })).rows;
    const { operation_id = "" } = record ?? {};
    expect(await ada.api.operations.get.query({ operation_id })).toEqual({
      ...record,
      siblings: expect.any(Array),
      more_siblings: false,
    });
    expect(await refusalOf(eve.api.operations.get.query({ operation_id }))).toMatchObject({
      code: "NOT_FOUND",
      httpStatus: 404,
    });
    expect(await admin.api.operations.get.query({ operation_id })).toMatchObject({ operation_id });
  });

  it("finds records by request, table, type, status, session, client and time, and pages newest first", async () => {
    const request = `find-${randomUUID()}`;
    const api = stage.client(ada.sessionToken, { "x-request-id": request });
    const before = new Date(Date.now() - 1000).toISOString();
    // shows how long an answer can be, so that none of the following is asked for twice
    expect((await admin.api.operations.list.query({})).rows.length).toBeGreaterThan(1);
    for (let call = 0; call < 3; call += 1) await api.sessions.list.query({});
    await stage.services.waybill.flush();
    const list = (filter: object) =>
      ada.api.operations.list.query({ request_id: request, table_name: "authentication_contexts", ...filter });
    const all = (await list({})).rows;
    expect(all).toHaveLength(3);
    const [first] = all;
    const fits = {
      operation_type: "read",
      status: "success",
      session_id: first?.session_id,
      client_id: first?.client_id,
      created_from: before,
    };
    expect((await list(fits)).rows).toHaveLength(3);
    for (const misses of [
      { operation_type: "delete" },
      { status: "error" },
      { session_id: randomUUID() },
      { created_before: before },
    ]) {
      expect((await list(misses)).rows).toEqual([]);
    }
    const page = await list({ limit: 2 });
    const rest = await list({ limit: 2, cursor: page.next_cursor });
    const ids = [...page.rows, ...rest.rows].map(({ operation_id }) => operation_id);
    expect(ids).toEqual(all.map(({ operation_id }) => operation_id));
    expect(ids).toEqual(ids.toSorted().toReversed());
    expect(rest.next_cursor).toBeNull();
  });

  it("finds records by the user and the model", async () => {
    const model_name = `m_${randomUUID().replaceAll("-", "")}`;
    const fields = { type: "object" as const, properties: { id: { type: "string" } }, required: ["id"] };
    const { model_id } = await admin.api.models.create.mutate({
      model_name,
      table_name: model_name,
      schema_version: "1.0.0",
      fields,
    });
    await refusalOf(ada.api.data.list.query({ model: model_name }));
    await stage.services.waybill.flush();
    const list = async (filter: object) => (await admin.api.operations.list.query({ model_id, ...filter })).rows;
    expect(await list({})).toMatchObject([{ user_id: ada.userId, model_id, table_name: model_name, status: "error" }]);
    expect(await list({ user_id: ada.userId })).toHaveLength(1);
    for (const misses of [{ user_id: eve.userId }, { model_id: randomUUID() }, { client_id: "elsewhere/anon" }]) {
      expect(await list(misses)).toEqual([]);
    }
  });

  it("records calls that nobody has signed in for under their request id", async () => {
    const request = `anon-${randomUUID()}`;
    await refusalOf(
      stage
        .client(undefined, { "x-request-id": request })
        .sessions.login.mutate({ email: "no@example.com", password: "wrong one" }),
    );
    await stage.services.waybill.flush();
    const { rows } = await admin.api.operations.list.query({ request_id: request });
    expect(rows).toMatchObject([
      { table_name: "auth.sessions", operation_type: "create", status: "error", user_id: null },
    ]);
    expect(JSON.stringify(rows)).not.toContain("wrong one");
  });
});

describe("clients", () => {
  it("shows admins the connections, and never a key", async () => {
    const { rows } = await admin.api.clients.list.query({ client_type: "anon" });
    const [own] = rows.filter(({ client_id }) => client_id.startsWith("test-"));
    expect(own).toMatchObject({ client_type: "anon" });
    expect(await admin.api.clients.get.query({ client_id: own?.client_id ?? "" })).toMatchObject({
      client_id: own?.client_id,
    });
    const text = JSON.stringify(await admin.api.clients.list.query({}));
    for (const secret of [inject("stack").secretKey, inject("stack").publishableKey, "supabase_key"])
      expect(text).not.toContain(secret);
  });

  it("lets an admin ask for a client's connection now, and tells one that runs elsewhere", async () => {
    const { client_id } = stage.services.waybill.health().anon;
    expect(await admin.api.clients.reconnect.mutate({ client_id })).toEqual({ connected: true });
    expect(await refusalOf(ada.api.clients.reconnect.mutate({ client_id }))).toMatchObject({ code: "FORBIDDEN" });
    const elsewhere = await refusalOf(admin.api.clients.reconnect.mutate({ client_id: "elsewhere/anon" }));
    expect(elsewhere).toMatchObject({ code: "NOT_FOUND" });
  });

  it("refuses who is no admin, and an id that no client has", async () => {
    expect(await refusalOf(ada.api.clients.list.query({}))).toMatchObject({ code: "FORBIDDEN", httpStatus: 403 });
    const missing = await refusalOf(admin.api.clients.get.query({ client_id: "nobody/anon" }));
    expect(missing).toMatchObject({ code: "NOT_FOUND", httpStatus: 404 });
  });
});

describe("system.health", () => {
  it("tells anybody how connections and ledger do, and neither URL nor name nor key", async () => {
    const health = await stage.client().system.health.query();
    expect(health).toMatchObject({
      ready: true,
      connections: { service_role: { connection_status: "connected" }, anon: { connection_status: "connected" } },
      ledger: { accepting: true, recording: true, refused: 0, shed: 0, synced: true, rejected: 0, damaged: 0 },
    });
    const text = JSON.stringify(health);
    for (const inside of [inject("stack").url, "test-", "sb_"]) expect(text).not.toContain(inside);
  });
});
