import type { WaybillClient } from "@waybill/client";
import pMap from "p-map";
import {
  airportSchema,
  type Airport,
  type Datasets,
  flightsByAirport,
  type Route,
  routeSchema,
} from "../data/datasets.ts";
import { batchesOf } from "../demo-data/batches.ts";
import { readRows } from "../demo-data/read-rows.ts";

const airportColumns = Object.keys(airportSchema.shape);
const routeColumns = Object.keys(routeSchema.shape);
/** An `in` takes 200 values; 100 of each end keep the URL short. */
const valuesAtOnce = 100;

/** The airports with the most flights, from all routes as the server has them; checked against the source. */
export async function busiestAirports(client: WaybillClient, datasets: Datasets): Promise<string> {
  const routes = await readRows(client, { model: "routes", columns: routeColumns });
  const counted = ranking(routes.map((row) => routeSchema.parse(row)));
  const expected = ranking(datasets.routes);
  if (JSON.stringify(counted) !== JSON.stringify(expected)) {
    throw new Error(`the busiest airports should be ${say(expected)}, the server's routes say ${say(counted)}`);
  }
  return say(counted);
}

function ranking(routes: readonly Route[]): [string, number][] {
  return [...flightsByAirport(routes)].toSorted((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).slice(0, 3);
}

function say(ranked: readonly [string, number][]): string {
  return ranked.map(([iata, flights]) => `${iata} ${flights}`).join(", ");
}

/** The routes from one state to the other, by a filter on both ends; checked against the source. */
export async function routesBetween(
  client: WaybillClient,
  datasets: Datasets,
  from: string,
  to: string,
): Promise<string> {
  const [origins, destinations] = await Promise.all([airportsOf(client, from), airportsOf(client, to)]);
  const pairs = batchesOf(origins, valuesAtOnce).flatMap((some) =>
    batchesOf(destinations, valuesAtOnce).map((others) => [some, others] as const),
  );
  const found = await pMap(pairs, ([some, others]) =>
    readRows(client, {
      model: "routes",
      columns: routeColumns,
      filters: [
        { column: "origin", op: "in", value: some },
        { column: "destination", op: "in", value: others },
      ],
    }),
  );
  const count = found.flat().length;
  const stateOf = new Map(datasets.airports.map(({ iata, state }) => [iata, state]));
  const expected = datasets.routes.filter(
    ({ origin, destination }) => stateOf.get(origin) === from && stateOf.get(destination) === to,
  ).length;
  if (count !== expected) throw new Error(`${from} to ${to} should have ${expected} routes, the server found ${count}`);
  return `${count} routes from ${origins.length} airports in ${from} to ${destinations.length} in ${to}`;
}

async function airportsOf(client: WaybillClient, state: string): Promise<Airport["iata"][]> {
  const rows = await readRows(client, {
    model: "airports",
    columns: airportColumns,
    filters: [{ column: "state", op: "eq", value: state }],
  });
  return rows.map((row) => airportSchema.parse(row).iata);
}
