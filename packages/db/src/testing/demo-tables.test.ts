import type { SupabaseClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { makeDemoTables } from "./demo-tables.ts";
import { plainClients, rejection } from "./plain-clients.ts";

const denied = "42501";
const [airports, routes] = ["airports", "routes"];
const clients = plainClients();
/** Its types know no table but those of the migrations. */
const service: SupabaseClient = clients.service;
const stranger: SupabaseClient = clients.anon;
let [alice, bob] = [
  { id: "", client: service },
  { id: "", client: service },
];

const place = { iata: "ZZA", name: "Test", city: "Test", state: "TS", country: "USA", latitude: 1, longitude: 2 };
const route = { origin: "ZZA", destination: "ZZA", count: 1 };
const owned = (client: SupabaseClient) => client.from(airports).select("iata, owner_id").eq("iata", "ZZA");

beforeAll(async () => {
  [alice, bob] = [await clients.signUp(), await clients.signUp()];
  await alice.client.from(airports).insert(place);
});
afterAll(async () => {
  await service.from(routes).delete().eq("origin", "ZZA");
  await service.from(airports).delete().eq("iata", "ZZA");
  await clients[Symbol.asyncDispose]();
});

test("a user inserts rows of its own, and none in another's name; who is not signed in is refused", async () => {
  expect((await owned(bob.client)).data).toEqual([{ iata: "ZZA", owner_id: alice.id }]);
  const forged = { ...place, iata: "ZZB", owner_id: alice.id };
  expect((await bob.client.from(airports).insert(forged)).error?.code).toBe(denied);
  expect((await stranger.from(airports).insert(forged)).error?.code).toBe(denied);
  expect((await stranger.from(airports).select()).error?.code).toBe(denied);
  expect((await stranger.from(routes).select()).error?.code).toBe(denied);
});

test("another user changes and removes none of them, and nobody gives a row away", async () => {
  const change = bob.client.from(airports).update({ name: "Taken" }).eq("iata", "ZZA");
  expect((await change.select()).data).toEqual([]);
  expect((await bob.client.from(airports).delete().eq("iata", "ZZA").select()).data).toEqual([]);
  const gift = alice.client.from(airports).update({ owner_id: bob.id }).eq("iata", "ZZA");
  expect((await gift).error?.code).toBe(denied);
  expect((await owned(alice.client)).data).toEqual([{ iata: "ZZA", owner_id: alice.id }]);
});

test("routes between known airports only, and who owns one changes and removes it", async () => {
  expect((await bob.client.from(routes).insert({ ...route, destination: "ZZZ" })).error?.code).toBe("23503");
  expect((await bob.client.from(routes).insert(route)).error).toBeNull();
  expect((await service.from(airports).delete().eq("iata", "ZZA")).error?.code).toBe("23503");
  expect((await alice.client.from(routes).insert({ ...route, owner_id: bob.id })).error?.code).toBe(denied);
  const changed = (client: SupabaseClient, values: object) =>
    client.from(routes).update(values).eq("origin", "ZZA").select("count");
  expect((await changed(alice.client, { count: 9 })).data).toEqual([]);
  expect((await changed(bob.client, { owner_id: alice.id })).error?.code).toBe(denied);
  expect((await changed(bob.client, { count: 2 })).data).toEqual([{ count: 2 }]);
  expect((await alice.client.from(routes).delete().eq("origin", "ZZA").select()).data).toEqual([]);
  expect((await bob.client.from(routes).delete().eq("origin", "ZZA").select()).data).toHaveLength(1);
});

test.each([
  [airports, { iata: "zza" }, "23514"],
  [airports, { iata: "ZZ" }, "23514"],
  [airports, { name: "" }, "23514"],
  [airports, { city: null }, "23502"],
  [airports, { latitude: 90.5 }, "23514"],
  [airports, { longitude: -181 }, "23514"],
  [airports, {}, "23505"],
  [routes, { count: 0 }, "23514"],
  [routes, { count: 2 ** 31 }, "22003"],
])("%s refuse %j by themselves, whoever asks", async (table, wrong, code) => {
  const row = table === airports ? place : route;
  expect((await service.from(table).insert({ ...row, ...wrong })).error?.code).toBe(code);
});

test("tables that are there already are said", async () => {
  const { dbUrl } = inject("stack");
  expect(await rejection(makeDemoTables(dbUrl))).toMatchObject({ code: "42P07" });
});
