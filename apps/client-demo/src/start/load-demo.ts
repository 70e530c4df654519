import { createWaybillClient, type WaybillClient } from "@waybill/client";
import type { Airport, Datasets, Route } from "../data/datasets.ts";
import { declareModels } from "../demo-data/declare-models.ts";
import { importRows } from "../demo-data/import-rows.ts";
import { readRows } from "../demo-data/read-rows.ts";
import { openProgress } from "../terminal/progress.ts";
import { type Account, newDemoNote, signInAs } from "./demo-accounts.ts";
import { readDemoNote, writeDemoNote } from "./demo-note.ts";

export interface LoadOptions {
  readonly url: string;
  readonly datasets: Datasets;
  /** Where the accounts are kept: `<data dir>/demo.json`. */
  readonly notePath: string;
  /** Makes an account with the role `admin`. */
  readonly makeAdmin: (account: Account) => Promise<void>;
}

/**
 * Loads the demo's data as a user made for it, unless an earlier start did. An interrupted load goes on with the rows
 * that are missing. Returns how many rows it loaded; 0 when all were there.
 */
export async function loadDemo({ url, datasets, notePath, makeAdmin }: LoadOptions): Promise<number> {
  const note = (await readDemoNote(notePath)) ?? newDemoNote();
  if (note.loaded_at !== null) return 0;
  // noted before they are made: an account whose password is lost could never be used again
  await writeDemoNote(notePath, note);

  const admin = createWaybillClient({ url });
  await signInAs(admin, note.admin, () => makeAdmin(note.admin));
  await declareModels(admin);
  await admin.sessions.logout.mutate();

  const user = createWaybillClient({ url });
  await signInAs(user, note.user, () => user.sessions.signUp.mutate(note.user));
  const airports = await missingAirports(user, datasets.airports);
  const routes = await missingRoutes(user, datasets.routes);
  await load(user, "airports", airports);
  await load(user, "routes", routes);
  await user.sessions.logout.mutate();

  await writeDemoNote(notePath, { ...note, loaded_at: new Date().toISOString() });
  return airports.length + routes.length;
}

async function missingAirports(client: WaybillClient, all: readonly Airport[]): Promise<Airport[]> {
  const there = await readRows(client, { model: "airports", columns: ["iata"] });
  const known = new Set(there.map(({ iata }) => iata));
  return all.filter(({ iata }) => !known.has(iata));
}

async function missingRoutes(client: WaybillClient, all: readonly Route[]): Promise<Route[]> {
  const there = await readRows(client, { model: "routes", columns: ["origin", "destination"] });
  const known = new Set(there.map(({ origin, destination }) => JSON.stringify([origin, destination])));
  return all.filter(({ origin, destination }) => !known.has(JSON.stringify([origin, destination])));
}

async function load(
  client: WaybillClient,
  model: "airports" | "routes",
  rows: readonly (Airport | Route)[],
): Promise<void> {
  if (rows.length === 0) return;
  const progress = openProgress(model, rows.length);
  try {
    await importRows({
      model,
      rows,
      clients: [client],
      size: 250,
      parallel: 4,
      onImported: (count) => progress.add(count),
    });
  } finally {
    progress.stop();
  }
}
