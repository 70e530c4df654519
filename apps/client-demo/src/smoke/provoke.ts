import type { WaybillClient } from "@waybill/client";
import { expectRefusal } from "./refusals.ts";

/** A value beyond its model's rule: told by the model, before anything is sent to Supabase. */
export function breakRule(client: WaybillClient): Promise<string> {
  const row = { iata: "ZZZ9", name: "Nowhere", city: "None", state: "NA", country: "USA", latitude: 123, longitude: 0 };
  return expectRefusal(client.data.create.mutate({ model: "airports", row }), {
    code: "VALIDATION_FAILED",
    field: "row.latitude",
  });
}

/** A route to an airport that is not there: told by the database. */
export function breakReference(client: WaybillClient, origin: string): Promise<string> {
  const row = { origin, destination: "ZZZ9", count: 1 };
  return expectRefusal(client.data.create.mutate({ model: "routes", row }), {
    code: "FOREIGN_KEY_VIOLATION",
    field: "row.destination",
  });
}

/** A row in another user's name: told by a policy of Row Level Security. */
export function forgeOwner(client: WaybillClient, owner: string): Promise<string> {
  const row = { iata: "ZZZ9", name: "Forged", city: "None", state: "NA", country: "USA", latitude: 0, longitude: 0 };
  return expectRefusal(client.data.create.mutate({ model: "airports", row: { ...row, owner_id: owner } }), {
    code: "RLS_DENIED",
  });
}

/** Another user's row: readable, but a policy keeps it from being changed, and it stays as it was. */
export async function touchForeignRow(client: WaybillClient, iata: string): Promise<string> {
  const key = { iata };
  const before = await client.data.get.query({ model: "airports", key });
  const said = await expectRefusal(client.data.update.mutate({ model: "airports", key, changes: { name: "Stolen" } }), {
    code: "RLS_DENIED",
  });
  const after = await client.data.get.query({ model: "airports", key });
  if (after["name"] !== before["name"]) throw new Error(`${iata} was renamed by a user who does not own it`);
  return said;
}
