import type { WaybillClient } from "@waybill/client";
import type { Route } from "../data/datasets.ts";
import { expectRefusal } from "./refusals.ts";

/** Renames one's own airport and reads the new name back. */
export async function renameAirport(client: WaybillClient, iata: string): Promise<string> {
  const name = `${iata} (renamed)`;
  await client.data.update.mutate({ model: "airports", key: { iata }, changes: { name } });
  const row = await client.data.get.query({ model: "airports", key: { iata } });
  if (row["name"] !== name)
    throw new Error(`${iata} was renamed to "${name}", but reads ${JSON.stringify(row["name"])}`);
  return `${iata} is now "${name}"`;
}

/** Removes one's own route; after that it is not found. */
export async function removeRoute(client: WaybillClient, { origin, destination }: Route): Promise<string> {
  const key = { origin, destination };
  await client.data.remove.mutate({ model: "routes", key });
  await expectRefusal(client.data.get.query({ model: "routes", key }), { code: "NOT_FOUND" });
  return `${origin}–${destination} is gone`;
}
