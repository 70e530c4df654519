import { defineModel, type ModelDefinition } from "./define-model.ts";

/** Filled by the database with whoever inserts; null for the service role. */
const ownerId = { type: ["string", "null"], format: "uuid", "x-pg": "uuid", "x-default": "auth.uid()" } as const;

const iata = { type: "string", pattern: "^[A-Z0-9]{3,4}$" } as const;
const text = { type: "string", minLength: 1 } as const;

/** Everybody signed in reads; a row is its owner's to write. */
const ownRows: ModelDefinition["rls_policies"] = [
  { name: "read", command: "select", roles: ["authenticated"], using: "true" },
  { name: "insert own", command: "insert", roles: ["authenticated"], check: "owner_id = (select auth.uid())" },
  {
    name: "update own",
    command: "update",
    roles: ["authenticated"],
    using: "owner_id = (select auth.uid())",
    check: "owner_id = (select auth.uid())",
  },
  { name: "delete own", command: "delete", roles: ["authenticated"], using: "owner_id = (select auth.uid())" },
];

/** Where the flights of npm vega-datasets begin and end. */
export const airportsModel = defineModel({
  model_name: "airports",
  table_name: "airports",
  schema_version: "1.0.0",
  fields: {
    type: "object",
    "x-primary-key": ["iata"],
    properties: {
      iata,
      name: text,
      city: text,
      state: text,
      country: text,
      latitude: { type: "number", minimum: -90, maximum: 90, "x-pg": "double precision" },
      longitude: { type: "number", minimum: -180, maximum: 180, "x-pg": "double precision" },
      owner_id: ownerId,
    },
    required: ["iata", "name", "city", "state", "country", "latitude", "longitude"],
    additionalProperties: false,
  },
  indexes: [{ name: "airports_state_idx", columns: ["state"] }],
  rls_policies: ownRows,
});

/** Refers to airports twice: where a route begins, and where it ends. */
export const routesModel = defineModel({
  model_name: "routes",
  table_name: "routes",
  schema_version: "1.0.0",
  fields: {
    type: "object",
    "x-primary-key": ["origin", "destination"],
    properties: {
      origin: iata,
      destination: iata,
      count: { type: "integer", minimum: 1, maximum: 2_147_483_647, "x-pg": "integer" },
      owner_id: ownerId,
    },
    required: ["origin", "destination", "count"],
    additionalProperties: false,
  },
  relationships: [
    { kind: "many-to-one", name: "origin_airport", model: "airports", columns: ["origin"], references: ["iata"] },
    {
      kind: "many-to-one",
      name: "destination_airport",
      model: "airports",
      columns: ["destination"],
      references: ["iata"],
    },
  ],
  indexes: [{ name: "routes_destination_idx", columns: ["destination"] }],
  rls_policies: ownRows,
});

/** The demo's models, which many tests use too, in the order in which they can be declared. */
export const demoModels = [airportsModel, routesModel] as const;
