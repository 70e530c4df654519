import postgres from "postgres";
import { afterAll, afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { json, stubUpstream, type StubUpstream } from "../client/testing/stub-upstream.ts";
import { openClientRows } from "./client-rows.ts";

const stack = inject("stack");
const sql = postgres(stack.dbUrl, { max: 1 });
const rows = openClientRows(stack);
afterAll(async () => {
  await sql`delete from supabase_clients where client_id like 'client-rows-%'`;
  await sql.end();
  await rows.close();
});

const identity = (name: string) => ({
  client_id: `client-rows-${name}/anon`,
  client_type: "anon" as const,
  supabase_url: stack.url,
  supabase_key: `v1:k1:${"A".repeat(60)}`,
});
const healthy = {
  connection_status: "connected",
  is_active: true,
  error_count: 0,
  retry_count: 0,
  last_used: null,
} as const;
const failing = { ...healthy, connection_status: "error", error_count: 3 } as const;
const out = { ...healthy, connection_status: "disconnected", is_active: false } as const;

describe("on the local stack", () => {
  it("makes a row, reads it, and takes it over", async () => {
    const { client_id } = identity("a");
    expect(await rows.read(client_id)).toBeNull();
    await rows.register(identity("a"), failing);
    const [made] = await sql`select * from supabase_clients where client_id = ${client_id}`;
    expect(made).toMatchObject({ ...identity("a"), ...failing });
    expect(await rows.read(client_id)).toEqual(failing);
    await rows.register({ ...identity("a"), supabase_key: `v1:k2:${"B".repeat(60)}` }, healthy);
    const [again] = await sql`select * from supabase_clients where client_id = ${client_id}`;
    expect(again).toMatchObject({
      ...healthy,
      supabase_key: `v1:k2:${"B".repeat(60)}`,
      created_at: made?.["created_at"],
    });
  });

  it("updates, but never over a person's deactivation unless a person asks", async () => {
    const { client_id } = identity("b");
    await rows.register(identity("b"), healthy);
    expect(await rows.update(client_id, { ...failing, last_used: "2026-11-22T10:00:00.000Z" })).toBe(true);
    expect(await rows.read(client_id)).toMatchObject({
      error_count: 3,
      last_used: expect.stringContaining("2026-11-22T10:00:00"),
    });
    await sql`update supabase_clients set ${sql(out)} where client_id = ${client_id}`;
    expect(await rows.update(client_id, healthy)).toBe(false);
    await rows.register(identity("b"), healthy);
    expect(await rows.read(client_id)).toMatchObject({ is_active: false });
    expect(await rows.update(client_id, healthy, true)).toBe(true);
    expect(await rows.read(client_id)).toMatchObject({ is_active: true });
  });

  it("says that a row is gone", async () => {
    expect(await rows.update("client-rows-none/anon", healthy)).toBe(false);
  });

  it("gets a sign of life under either key", async () => {
    expect(await rows.probe(stack.secretKey)).toEqual({ alive: true });
    expect(await rows.probe(stack.publishableKey)).toEqual({ alive: true });
  });

  it("names the remedy for a key that may not write", async () => {
    const wrong = openClientRows({ ...stack, secretKey: stack.publishableKey });
    await expect(wrong.register(identity("c"), healthy)).rejects.toThrow(/Check SUPABASE_SECRET_KEY/);
    await wrong.close();
  });
});

describe("when Supabase is not well", () => {
  let upstream: StubUpstream;
  beforeEach(async () => {
    upstream = await stubUpstream();
  });
  afterEach(() => upstream[Symbol.asyncDispose]());

  const over = async <T>(work: (rows: ReturnType<typeof openClientRows>) => Promise<T>): Promise<T> => {
    const own = openClientRows({ url: `${upstream.url}/base/`, secretKey: "sb_secret_x", requestTimeoutMs: 200 });
    try {
      return await work(own);
    } finally {
      await own.close();
    }
  };

  it("asks as the ledger does, below the project's path", async () => {
    await over((own) => own.read("a b/anon"));
    expect(upstream.arrived[0]).toMatchObject({
      url: "/base/rest/v1/supabase_clients?client_id=eq.a%20b%2Fanon&select=connection_status,is_active,error_count,retry_count,last_used",
      headers: { "x-client-info": "waybill-ledger", apikey: "sb_secret_x" },
    });
  });

  it.each([
    ["a gateway's error", json(503, "x"), false],
    ["a database that starts", json(500, { code: "57P03", message: "starting up" }), false],
    ["a hang", () => {}, false],
    ["a refusal", json(403, { code: "42501", message: "permission denied" }), true],
    ["a table that is not there", json(404, { code: "PGRST205", message: "not found" }), true],
  ])("%s", async (_what, answer, alive) => {
    upstream.answer = answer;
    expect(await over((own) => own.probe("sb_publishable_x"))).toMatchObject({ alive });
  });

  it("names the remedy for a missing table, and counts an outage as one", async () => {
    upstream.answer = json(404, { code: "PGRST205", message: "Could not find the table" });
    await expect(over((own) => own.register(identity("d"), healthy))).rejects.toThrow(/supabase db push/);
    upstream.answer = json(503, { message: "x" });
    await expect(over((own) => own.read("x/anon"))).rejects.toMatchObject({ isOutage: true });
  });

  it("ends a hang at its deadline, and refuses a row that breaks the contract", async () => {
    upstream.answer = () => {};
    await expect(over((own) => own.read("x/anon"))).rejects.toMatchObject({ code: "OPERATION_TIMEOUT" });
    upstream.answer = json(200, [{ connection_status: "fine" }]);
    await expect(over((own) => own.read("x/anon"))).rejects.toThrow(/connection_status/);
  });
});
