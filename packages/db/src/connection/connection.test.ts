import { supabaseClientPhase, type SupabaseClientPhase } from "@waybill/contracts";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { type ConnectionSign, Limit } from "../client/index.ts";
import { silentLog } from "../log.ts";
import { type Connection, openConnection } from "./connection.ts";
import { rowsInMemory, type RowsInMemory } from "./testing/rows-in-memory.ts";

const refused = (): Error => Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
const failed: ConnectionSign = { type: "failed", message: "ECONNREFUSED" };

const open = (rows: RowsInMemory, onRegistered = (): void => {}): Connection =>
  openConnection({
    clientId: "test/anon",
    clientType: "anon",
    url: "https://x.supabase.co",
    key: "sb_publishable_x",
    encrypt: (key, clientId) => `v1:k:${clientId}:${key.length}`,
    rows,
    log: silentLog,
    onRegistered,
    retryBackoff: { firstMs: 1, limitMs: 1 },
    probeBackoff: { firstMs: 1, limitMs: 1 },
    writeEveryMs: 1,
  });

describe("registration", () => {
  it("writes the row, its key encrypted, and says so", async () => {
    const rows = rowsInMemory();
    let told = 0;
    await using connection = open(rows, () => void (told += 1));
    await connection.registered;
    expect(rows.stored.get("test/anon")).toEqual({
      client_id: "test/anon",
      client_type: "anon",
      supabase_url: "https://x.supabase.co",
      supabase_key: "v1:k:test/anon:16",
      connection_status: "connected",
      is_active: true,
      error_count: 0,
      retry_count: 0,
      last_used: null,
    });
    expect([told, connection.isReady()]).toEqual([1, true]);
  });

  it("keeps trying while Supabase is unreachable", async () => {
    const rows = rowsInMemory();
    rows.fault = refused();
    await using connection = open(rows);
    await expect.poll(() => connection.health().is_active).toBe(false);
    expect(connection.isReady()).toBe(false);
    expect(connection.health().last_error).toContain("ECONNREFUSED");
    rows.fault = undefined;
    await connection.registered;
    await expect.poll(() => connection.isReady()).toBe(true);
  });

  it("takes over the row of the process before, and its last success", async () => {
    const rows = rowsInMemory();
    const left = { connection_status: "disconnected", is_active: false, error_count: 10, retry_count: 5 } as const;
    const identity = { client_id: "test/anon", client_type: "anon", supabase_url: "x", supabase_key: "old" } as const;
    rows.stored.set("test/anon", { ...identity, ...left, last_used: "2026-11-22T10:00:00.000Z" });
    await using connection = open(rows);
    await connection.registered;
    const healthy = { connection_status: "connected", is_active: true, error_count: 0, retry_count: 0 };
    expect(rows.stored.get("test/anon")).toMatchObject({ ...healthy, last_used: "2026-11-22T10:00:00.000Z" });
  });

  it("leaves a client out of use that a person took out of use", async () => {
    const rows = rowsInMemory();
    const out = { connection_status: "disconnected", is_active: false, error_count: 0, retry_count: 0 } as const;
    const identity = { client_id: "test/anon", client_type: "anon", supabase_url: "x", supabase_key: "old" } as const;
    rows.stored.set("test/anon", { ...identity, ...out, last_used: null });
    await using connection = open(rows);
    await connection.registered;
    expect(rows.stored.get("test/anon")).toMatchObject(out);
    expect(connection.refusal()?.message).toContain("taken out of use by a person");
  });
});

describe("failures", () => {
  it("lead by five failed retries to disconnected, and a probe brings it back", async () => {
    const rows = rowsInMemory();
    await using connection = open(rows);
    await connection.registered;
    rows.fault = refused();
    connection.observe(failed);
    expect(connection.health()).toMatchObject({ connection_status: "error", is_active: true, error_count: 1 });
    expect(connection.refusal()).toBeNull();
    await expect.poll(() => connection.health().is_active).toBe(false);
    expect(connection.health()).toMatchObject({ connection_status: "disconnected", retry_count: 5 });
    expect(connection.refusal()).toMatchObject({
      code: "CLIENT_DISCONNECTED",
      message: expect.stringContaining("ECONNREFUSED"),
    });
    const sofar = rows.probes;
    await expect.poll(() => rows.probes).toBeGreaterThan(sofar + 2);
    rows.fault = undefined;
    await expect.poll(() => connection.health().is_active).toBe(true);
    const healthy = { connection_status: "connected", is_active: true, error_count: 0, retry_count: 0 };
    await expect.poll(() => rows.stored.get("test/anon")).toMatchObject(healthy);
  });

  it("are forgotten at the next success", async () => {
    const rows = rowsInMemory();
    await using connection = open(rows);
    await connection.registered;
    connection.observe(failed);
    connection.observe(failed);
    connection.observe({ type: "succeeded" });
    expect(connection.health()).toMatchObject({ connection_status: "connected", error_count: 0, retry_count: 0 });
    expect(connection.health().last_used).not.toBeNull();
  });

  it("are not counted for a deadline that passed, unless the probe fails too", async () => {
    const rows = rowsInMemory();
    await using connection = open(rows);
    await connection.registered;
    connection.observe({ type: "suspect", message: "slow" });
    await expect.poll(() => rows.probes).toBe(1);
    expect(connection.health().connection_status).toBe("connected");
    rows.fault = refused();
    connection.observe({ type: "suspect", message: "slow" });
    await expect.poll(() => connection.health().error_count).toBeGreaterThan(0);
  });

  it("late successes do not bring a disconnected client back", async () => {
    const rows = rowsInMemory();
    await using connection = open(rows);
    await connection.registered;
    rows.fault = refused();
    connection.observe(failed);
    await expect.poll(() => connection.health().is_active).toBe(false);
    connection.observe({ type: "succeeded" });
    expect(connection.health().is_active).toBe(false);
  });
});

describe("back after an outage", () => {
  const down = async (rows: RowsInMemory, connection: Connection): Promise<void> => {
    await connection.registered;
    rows.fault = refused();
    connection.observe(failed);
    await expect.poll(() => connection.health().is_active).toBe(false);
    rows.fault = undefined;
    await expect.poll(() => connection.health().is_active).toBe(true);
  };
  const enter = (connection: Connection, count: number) => {
    const limits = Array.from({ length: count }, () => new Limit(5000, 5000, null));
    const turns = limits.map((limit) => connection.enter(limit));
    const refusals: unknown[] = [];
    for (const turn of turns) turn?.catch((reason: unknown) => void refusals.push(reason));
    const release = (): void => limits.forEach((limit) => limit.release());
    return { turns, refusals, release };
  };

  it("only a few calls pass until one succeeds", async () => {
    const rows = rowsInMemory();
    await using connection = open(rows);
    await down(rows, connection);
    const { turns, release } = enter(connection, 10);
    expect(turns.filter((turn) => turn === undefined)).toHaveLength(3);
    connection.observe({ type: "succeeded" });
    for (const turn of turns) await turn;
    const more = enter(connection, 20);
    expect(more.turns.every((turn) => turn === undefined)).toBe(true);
    release();
    more.release();
  });

  it("a failure of one of them puts it out of use at once, and what waits fails at once", async () => {
    const rows = rowsInMemory();
    await using connection = open(rows);
    await down(rows, connection);
    const { refusals, release } = enter(connection, 10);
    rows.fault = refused();
    connection.observe(failed);
    expect(connection.health()).toMatchObject({ connection_status: "disconnected", retry_count: 5 });
    await expect.poll(() => refusals.length).toBe(7);
    expect(refusals[0]).toMatchObject({ code: "CLIENT_DISCONNECTED" });
    release();
  });
});

describe("a person", () => {
  it("takes it out of use for good, and brings it back", async () => {
    const rows = rowsInMemory();
    await using connection = open(rows);
    await connection.registered;
    connection.deactivate();
    await expect.poll(() => rows.stored.get("test/anon")?.is_active).toBe(false);
    connection.observe(failed);
    connection.observe({ type: "succeeded" });
    expect([connection.health().is_active, rows.probes]).toEqual([false, 0]);
    expect(await connection.reconnect()).toBe(true);
    expect(connection.refusal()).toBeNull();
    await expect.poll(() => rows.stored.get("test/anon")?.is_active).toBe(true);
  });

  it("cannot bring back what does not answer", async () => {
    const rows = rowsInMemory();
    await using connection = open(rows);
    await connection.registered;
    connection.deactivate();
    rows.fault = refused();
    expect(await connection.reconnect()).toBe(false);
    expect(connection.health().is_active).toBe(false);
  });

  it("may do it in the database: the next write notices", async () => {
    const rows = rowsInMemory();
    await using connection = open(rows);
    await connection.registered;
    const row = rows.stored.get("test/anon");
    if (row === undefined) throw new Error("no row");
    rows.stored.set("test/anon", { ...row, connection_status: "disconnected", is_active: false });
    connection.observe({ type: "succeeded" });
    await expect.poll(() => connection.health().is_active).toBe(false);
    expect(rows.stored.get("test/anon")?.is_active).toBe(false);
  });
});

it("makes its row anew when that was removed", async () => {
  const rows = rowsInMemory();
  await using connection = open(rows);
  await connection.registered;
  rows.stored.clear();
  connection.observe({ type: "succeeded" });
  await expect.poll(() => rows.stored.has("test/anon")).toBe(true);
});

it("signs off at the end, and not as a person would", async () => {
  const rows = rowsInMemory();
  const connection = open(rows);
  await connection.registered;
  await connection.close();
  await connection.close();
  const row = rows.stored.get("test/anon");
  expect(row).toMatchObject({ connection_status: "disconnected", is_active: false });
  expect(row !== undefined && supabaseClientPhase(row)).toBe("disconnected");
});

it("signs off also when it is closed while it is being registered", async () => {
  const rows = rowsInMemory();
  const register = rows.register.bind(rows);
  const begun = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  rows.register = async (...row) => {
    begun.resolve();
    await answered.promise;
    await register(...row);
  };
  const connection = open(rows);
  await begun.promise;
  const closed = connection.close();
  answered.resolve();
  await closed;
  expect(rows.stored.get("test/anon")).toMatchObject({ connection_status: "disconnected", is_active: false });
});

it("comes back by a person's word, though Supabase is away when it is to be written", async () => {
  const rows = rowsInMemory();
  await using connection = open(rows);
  await connection.registered;
  connection.deactivate();
  await vi.waitFor(() => expect(rows.stored.get("test/anon")?.is_active).toBe(false));
  await connection.reconnect();
  rows.fault = refused();
  await vi.waitFor(() => expect(connection.health().connection_status).not.toBe("connected"));
  rows.fault = undefined;
  await vi.waitFor(() => expect(rows.stored.get("test/anon")?.is_active).toBe(true), { timeout: 20_000 });
  expect(connection.health().is_active).toBe(true);
});

it("closes within its deadline when Supabase hangs", async () => {
  const rows = rowsInMemory();
  const connection = openConnection({ ...optionsOf(rows), closeMs: 50 });
  await connection.registered;
  rows.update = () => new Promise(() => {});
  await expect(connection.close()).resolves.toBeUndefined();
});

const optionsOf = (rows: RowsInMemory) => ({
  clientId: "test/anon",
  clientType: "anon" as const,
  url: "https://x.supabase.co",
  key: "sb_publishable_x",
  encrypt: () => "v1:k:x",
  rows,
  log: silentLog,
});

// data-model.md §1: what may follow what, whatever happens on the connection
const follows: Record<SupabaseClientPhase, readonly SupabaseClientPhase[]> = {
  connected: ["connected", "failing", "disconnected", "deactivated"],
  failing: ["failing", "connected", "disconnected", "deactivated"],
  disconnected: ["disconnected", "connected", "deactivated"],
  deactivated: ["deactivated", "connected"],
};

/** A wait may hold several events, but a person's word stands through all of them. */
function possible(before: SupabaseClientPhase, step: string): readonly SupabaseClientPhase[] {
  if (before === "deactivated") return step === "reconnect" ? follows.deactivated : ["deactivated"];
  return step === "wait" ? ["connected", "failing", "disconnected"] : follows[before];
}

it("obeys the table of states for any sequence of outcomes", async () => {
  const step = fc.constantFrom(
    "succeeded",
    "failed",
    "suspect",
    "outage",
    "recovery",
    "deactivate",
    "reconnect",
    "wait",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const rows = rowsInMemory();
      await using connection = open(rows);
      await connection.registered;
      let before = supabaseClientPhase(connection.health());
      for (const one of steps) {
        if (one === "succeeded") connection.observe({ type: "succeeded" });
        else if (one === "failed") connection.observe(failed);
        else if (one === "suspect") connection.observe({ type: "suspect", message: "slow" });
        else if (one === "outage") rows.fault = refused();
        else if (one === "recovery") rows.fault = undefined;
        else if (one === "deactivate") connection.deactivate();
        else if (one === "reconnect") await connection.reconnect();
        else await new Promise((tick) => setTimeout(tick, 3));
        const health = connection.health();
        const after = supabaseClientPhase(health);
        expect(possible(before, one)).toContain(after);
        expect(health.error_count).toBeLessThanOrEqual(10);
        expect(health.retry_count).toBeLessThanOrEqual(5);
        expect(health.is_active || health.connection_status === "disconnected").toBe(true);
        expect(connection.refusal() === null).toBe(health.is_active);
        before = after;
      }
      rows.fault = undefined;
      await expect.poll(() => connection.health().is_active, { timeout: 20_000 }).toBe(before !== "deactivated");
    }),
    { numRuns: 60 },
  );
});
