import { modelRows, type WaybillClient } from "@waybill/client";
import type { Route } from "../data/datasets.ts";
import { airportsModel, routesModel } from "@waybill/contracts/demo-models";
import { expectRefusal } from "./refusals.ts";

/** Renames one's own airport and reads the new name back. */
export async function renameAirport(client: WaybillClient, iata: string): Promise<string> {
  const name = `${iata} (renamed)`;
  const airports = modelRows(client, airportsModel);
  await airports.update({ iata }, { name });
  const row = await airports.get({ iata });
  if (row.name !== name) throw new Error(`${iata} was renamed to "${name}", but reads "${row.name}"`);
  return `${iata} is now "${name}"`;
}

/** Removes one's own route; after that it is not found. */
export async function removeRoute(client: WaybillClient, { origin, destination }: Route): Promise<string> {
  const key = { origin, destination };
  const routes = modelRows(client, routesModel);
  await routes.remove(key);
  await expectRefusal(routes.get(key), { code: "NOT_FOUND" });
  return `${origin}–${destination} is gone`;
}
