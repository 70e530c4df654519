import type { AppRouter } from "../app-router.ts";
import type { inferRouterInputs } from "@trpc/server";

type Definition = inferRouterInputs<AppRouter>["models"]["create"];

/** The two tables of `supabase/seed.sql` as models. */
export const airports: Definition = {
  model_name: "airports",
  table_name: "airports",
  schema_version: "1.0.0",
  fields: {
    type: "object",
    "x-primary-key": ["iata"],
    properties: {
      iata: { type: "string", pattern: "^[A-Z0-9]{3,4}$" },
      name: { type: "string", minLength: 1 },
      city: { type: "string" },
      state: { type: "string" },
      country: { type: "string" },
      latitude: { type: "number", minimum: -90, maximum: 90 },
      longitude: { type: "number", minimum: -180, maximum: 180 },
      owner_id: { type: ["string", "null"], format: "uuid" },
    },
    required: ["iata", "name", "city", "state", "country", "latitude", "longitude"],
  },
};

export const routes: Definition = {
  model_name: "routes",
  table_name: "routes",
  schema_version: "1.0.0",
  fields: {
    type: "object",
    "x-primary-key": ["origin", "destination"],
    properties: {
      origin: { type: "string" },
      destination: { type: "string" },
      count: { type: "integer", minimum: 1 },
      owner_id: { type: ["string", "null"], format: "uuid" },
    },
    required: ["origin", "destination", "count"],
  },
  relationships: [
    { name: "origin_airport", kind: "many-to-one", model: "airports", columns: ["origin"] },
    { name: "destination_airport", kind: "many-to-one", model: "airports", columns: ["destination"] },
  ],
};
