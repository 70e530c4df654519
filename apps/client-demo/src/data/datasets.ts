import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parse } from "csv-parse/sync";
import { z } from "zod";

/**
 * A row of `airports.csv`: `iata` is unique, three or four characters; coordinates in degrees.
 * A city or state that the source does not know is the text `NA`, and stays so.
 */
export const airportSchema = z.strictObject({
  iata: z.string().regex(/^[A-Z0-9]{3,4}$/),
  name: z.string().min(1),
  city: z.string().min(1),
  state: z.string().min(1),
  country: z.string().min(1),
  latitude: z.coerce.number().min(-90).max(90),
  longitude: z.coerce.number().min(-180).max(180),
});

/** A row of `flights-airport.csv`: flights of the year 2008 from one airport to another, both by their `iata`. */
export const routeSchema = z.strictObject({
  origin: airportSchema.shape.iata,
  destination: airportSchema.shape.iata,
  count: z.coerce.number().int().min(1),
});

export type Airport = z.infer<typeof airportSchema>;
export type Route = z.infer<typeof routeSchema>;

/** The demo's data: every route's two airports are among `airports`. */
export interface Datasets {
  readonly airports: readonly Airport[];
  readonly routes: readonly Route[];
}

/** Reads 3,376 airports and 5,366 routes of npm `vega-datasets`; throws a ZodError naming row and column of a bad one. */
export async function readDatasets(): Promise<Datasets> {
  const [airports, routes] = await Promise.all([
    readCsv("airports.csv", airportSchema),
    readCsv("flights-airport.csv", routeSchema),
  ]);
  return { airports, routes };
}

async function readCsv<Row>(file: string, row: z.ZodType<Row>): Promise<Row[]> {
  // the package exports its entry only; the files lie beside it
  const path = fileURLToPath(new URL(`../data/${file}`, import.meta.resolve("vega-datasets")));
  return z.array(row).parse(parse(await readFile(path), { columns: true }));
}

/** The `size` airports with the most flights, and the routes between two of them: a smaller scene of the same kind. */
export function sliceOf({ airports, routes }: Datasets, size: number): Datasets {
  const busy = new Set(
    [...flightsByAirport(routes)]
      .toSorted((a, b) => b[1] - a[1])
      .slice(0, size)
      .map(([iata]) => iata),
  );
  return {
    airports: airports.filter(({ iata }) => busy.has(iata)),
    routes: routes.filter(({ origin, destination }) => busy.has(origin) && busy.has(destination)),
  };
}

/** Departures and arrivals together, per `iata`. */
export function flightsByAirport(routes: readonly Route[]): Map<string, number> {
  const flights = new Map<string, number>();
  for (const { origin, destination, count } of routes) {
    flights.set(origin, (flights.get(origin) ?? 0) + count);
    flights.set(destination, (flights.get(destination) ?? 0) + count);
  }
  return flights;
}
