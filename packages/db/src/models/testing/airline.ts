import { type DataModelCreate, dataModelCreateSchema } from "@waybill/contracts";

/** Two models that refer to each other, for tests to change one thing in. */
const airports = {
  model_name: "airports",
  table_name: "airports",
  schema_version: "1.0.0",
  fields: {
    type: "object",
    "x-primary-key": ["iata"],
    required: ["iata", "city"],
    properties: {
      iata: { type: "string", pattern: "^[A-Z0-9]{3,4}$" },
      city: { type: "string", minLength: 1, maxLength: 80 },
      latitude: { type: "number", minimum: -90, maximum: 90 },
    },
  },
  rls_policies: { preset: "public-read" },
};

const routes = {
  model_name: "routes",
  table_name: "routes",
  schema_version: "1.0.0",
  fields: {
    type: "object",
    required: ["origin", "kind", "created_at"],
    properties: {
      id: { type: "string", format: "uuid", "x-default": "gen_random_uuid()" },
      origin: { type: "string", pattern: "^[A-Z0-9]{3,4}$" },
      destination: { type: "string", "x-pg": "varchar(4)" },
      kind: { enum: ["passenger", "cargo"], default: "passenger" },
      seats: { type: "integer", minimum: 0, maximum: 900, multipleOf: 2 },
      contact: { type: "string", format: "email" },
      extras: { type: "object", properties: { meal: { type: "boolean" } } },
      created_at: { type: "string", format: "date-time", "x-default": "now()" },
      user_id: { type: "string", format: "uuid", "x-default": "auth.uid()" },
    },
  },
  relationships: [
    { name: "from_airport", kind: "many-to-one", model: "airports", columns: ["origin"] },
    { name: "to_airport", kind: "many-to-one", model: "airports", columns: ["destination"], on_delete: "set null" },
  ],
  indexes: [
    { columns: ["origin", "destination"], unique: true, where: "kind = 'cargo'" },
    { name: "routes_extras", columns: ["extras"], method: "gin" },
  ],
  rls_policies: { preset: "own-rows" },
};

type Changes = Readonly<Record<string, unknown>>;

/** The model `airports` with parts replaced, and with columns added or replaced. */
export function airportsModel(changes: Changes = {}, columns: Changes = {}): DataModelCreate {
  return changed(airports, changes, columns);
}

/** The model `routes`, likewise. */
export function routesModel(changes: Changes = {}, columns: Changes = {}): DataModelCreate {
  return changed(routes, changes, columns);
}

function changed(model: typeof airports | typeof routes, changes: Changes, columns: Changes): DataModelCreate {
  const fields = { ...model.fields, properties: { ...model.fields.properties, ...columns } };
  return dataModelCreateSchema.parse({ ...model, fields, ...changes });
}
