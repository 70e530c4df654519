import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createWaybillClient, type WaybillClient, waybillErrorOf } from "@waybill/client";
import type { Airport, Datasets, Route } from "../data/datasets.ts";
import { declareModels } from "../demo-data/declare-models.ts";
import { makeTables } from "../demo-data/make-tables.ts";
import { importRows } from "../demo-data/import-rows.ts";
import { readRows } from "../demo-data/read-rows.ts";
import { openProgress } from "../terminal/progress.ts";
import { type DemoNote, readDemoNote, readFirstAdmin, writeDemoNote } from "./demo-note.ts";

export interface LoadOptions {
  readonly url: string;
  readonly datasets: Datasets;
  readonly dataDir: string;
  readonly say: (text: string) => void;
}

/**
 * Makes the demo's tables and loads its data as a user made for it, unless an earlier start did. What was interrupted
 * goes on with the tables and the rows that are missing. Returns how many rows it loaded; 0 when all were there.
 */
export async function loadDemo({ url, datasets, dataDir, say }: LoadOptions): Promise<number> {
  const notePath = join(dataDir, "demo.json");
  const { user_id: admin_id, ...adminAccount } = await readFirstAdmin(join(dataDir, "admin.json"));
  const found = (await readDemoNote(notePath)) ?? newDemoNote();
  if (found.loaded_at !== null && (found.admin_id ?? admin_id) === admin_id) return 0;
  const note = { ...found, admin_id, loaded_at: null };
  // noted before they are made: an account whose password is lost could never be used again
  await writeDemoNote(notePath, note);

  const admin = createWaybillClient({ url });
  await admin.sessions.login.mutate(adminAccount);
  await declareModels(admin);
  const tables = await makeTables(admin, say);
  if (tables.found.length > 0) {
    say(`The tables of ${tables.found.join(" and ")} are there from an earlier version, and stay as they are.`);
  }
  await admin.sessions.logout.mutate();

  const user = createWaybillClient({ url });
  await signInOrUp(user, note.user);
  const airports = await missingAirports(user, datasets.airports);
  const routes = await missingRoutes(user, datasets.routes);
  await load(user, "airports", airports);
  await load(user, "routes", routes);
  await user.sessions.logout.mutate();

  await writeDemoNote(notePath, { ...note, loaded_at: new Date().toISOString() });
  return airports.length + routes.length;
}

/** An address that no database has yet, so that a lost note never stands in the way. */
function newDemoNote(): DemoNote {
  const email = `demo-${randomBytes(4).toString("hex")}@example.com`;
  return { user: { email, password: randomBytes(18).toString("base64url") }, loaded_at: null };
}

async function signInOrUp(client: WaybillClient, account: DemoNote["user"]): Promise<void> {
  try {
    await client.sessions.login.mutate(account);
  } catch (error) {
    if (waybillErrorOf(error)?.code !== "INVALID_CREDENTIALS") throw error;
    await client.sessions.signUp.mutate(account);
    await client.sessions.login.mutate(account);
  }
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
