import { expect, test } from "vitest";
import { airportSchema, flightsByAirport, readDatasets, sliceOf } from "./datasets.ts";

const datasets = await readDatasets();

test("reads every airport and every route, typed", () => {
  expect(datasets.airports).toHaveLength(3376);
  expect(datasets.routes).toHaveLength(5366);
  expect(datasets.airports.find(({ iata }) => iata === "SFO")).toEqual({
    iata: "SFO",
    name: "San Francisco International",
    city: "San Francisco",
    state: "CA",
    country: "USA",
    latitude: expect.closeTo(37.619),
    longitude: expect.closeTo(-122.375),
  });
});

test("every route has both its airports", () => {
  const known = new Set(datasets.airports.map(({ iata }) => iata));
  expect(known.size).toBe(3376);
  expect(datasets.routes.filter(({ origin, destination }) => !known.has(origin) || !known.has(destination))).toEqual(
    [],
  );
});

test("a slice keeps the busiest airports and only the routes among them", () => {
  const slice = sliceOf(datasets, 60);
  expect(slice.airports).toHaveLength(60);
  const kept = new Set(slice.airports.map(({ iata }) => iata));
  expect(kept).toContain("ATL");
  expect(slice.routes.length).toBeGreaterThan(100);
  expect(slice.routes.every(({ origin, destination }) => kept.has(origin) && kept.has(destination))).toBe(true);
});

test("flights count at both ends of a route", () => {
  const flights = flightsByAirport([
    { origin: "AAA", destination: "BBB", count: 2 },
    { origin: "BBB", destination: "CCC", count: 3 },
  ]);
  expect([...flights]).toEqual([
    ["AAA", 2],
    ["BBB", 5],
    ["CCC", 3],
  ]);
});

test("an airport beyond the poles is refused by name", () => {
  const result = airportSchema.safeParse({ ...datasets.airports[0], latitude: "90.5" });
  expect(result.error?.issues.map(({ path }) => path)).toEqual([["latitude"]]);
});
