import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { afterAll, expect, inject, test } from "vitest";
import { plainClients, rejection } from "../testing/plain-clients.ts";
import { createCounterStore } from "./counters.ts";

const clients = plainClients();
const sql = postgres(inject("stack").dbUrl, { max: 1, onnotice: () => {} });
afterAll(async () => {
  await sql.end();
  await clients[Symbol.asyncDispose]();
});
const counters = createCounterStore(clients.service, 20_000);
const newName = () => `192.0.2.7 ${randomUUID()}`;

test("counts within a window, never below nothing, and begins anew after it or when it is told to", async () => {
  const name = newName();
  const first = await counters.add(name, 2, 60_000);
  expect(first.points).toBe(2);
  expect(first.msLeft).toBeGreaterThan(0);
  expect(first.msLeft).toBeLessThanOrEqual(60_000);
  const second = await counters.add(name, 3, 600_000);
  expect(second.points).toBe(5);
  expect(second.msLeft).toBeLessThanOrEqual(first.msLeft);
  expect((await counters.add(name, -9, 60_000)).points).toBe(0);
  expect(await counters.add(name, 7, 50, true)).toMatchObject({ points: 7 });
  await sleep(60);
  expect((await counters.add(name, 1, 60_000)).points).toBe(1);
  expect((await counters.add(newName(), -1, 60_000)).points).toBe(0);
});

test("loses no point of many who count at the same moment", async () => {
  const name = newName();
  const counted = await Promise.all(Array.from({ length: 20 }, () => counters.add(name, 1, 60_000)));
  expect(counted.map(({ points }) => points).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, at) => at + 1),
  );
});

test("keeps no name, and takes the dead along with each new counter", async () => {
  const dead = Array.from({ length: 6 }, newName);
  for (const name of dead) await counters.add(name, 1, 1);
  await sleep(5);
  const name = newName();
  await counters.add(name, 1, 60_000);
  await counters.add(newName(), 1, 60_000);
  await counters.add(newName(), 1, 60_000);
  const [rows] = await sql`select
    count(*) filter (where ends_at <= now() - interval '1 second')::int as dead,
    string_agg(counter, ' ') as names
    from waybill.rate_counters`;
  expect(rows?.["dead"]).toBe(0);
  expect(rows?.["names"]).not.toContain("192.0.2.7");
});

test("is for the secret key alone", async () => {
  const { client } = await clients.signUp();
  const input = { counter_name: "x", added: 1, window_ms: 1000, restart: false };
  expect((await client.rpc("count_points", input)).error).not.toBeNull();
});

test.each([
  ["", 1, 1000],
  ["x".repeat(201), 1, 1000],
  ["x", 2_000_000, 1000],
  ["x", 1, 0],
  ["x", 1, 86_400_001],
])("refuses what makes no counter: %s, %i points, %i ms", async (counter_name, added, window_ms) => {
  const { error } = await clients.service.rpc("count_points", { counter_name, added, window_ms, restart: false });
  expect(error?.code).toBe("22023");
});

test("rejects with what the database said", async () => {
  expect(await rejection(counters.add("x", 2_000_000, 1000))).toMatchObject({ code: "INVALID_VALUE" });
});
