import type { inferRouterInputs } from "@trpc/server";
import type { AppRouter } from "../app-router.ts";
import { airports } from "../testing/demo-models.ts";

type Inputs = inferRouterInputs<AppRouter>;
type Paths = {
  [Feature in keyof Inputs]: `${Feature}.${keyof Inputs[Feature] & string}`;
}[keyof Inputs];
type InputAt<Path> = Path extends `${infer Feature extends keyof Inputs}.${infer Name}`
  ? Name extends keyof Inputs[Feature]
    ? Inputs[Feature][Name]
    : never
  : never;

const uuid = "0193f2a4-7d1e-7c3a-9b0e-5f6a7b8c9d0e";
const row = {
  iata: "FUZ",
  name: "Fuzz",
  city: "Nome",
  state: "AK",
  country: "USA",
  latitude: 64.5,
  longitude: -165.4,
  owner_id: uuid,
};
const credentials = { email: "fuzz@example.com", password: "correct horse" };
const page = { limit: 10 };

/** One input for each procedure that uses every field; what is malformed is made of these. A new procedure does not compile without its own. */
export const validInputs: { [Path in Paths]: InputAt<Path> } = {
  "clients.get": { client_id: "fuzz/anon" },
  "clients.list": {
    ...page,
    client_type: "anon",
    is_active: true,
    connection_status: "connected",
    cursor: "fuzz/anon",
  },
  "clients.deactivate": { client_id: "fuzz/anon" },
  "clients.reconnect": { client_id: "fuzz/anon" },
  "clients.register": {
    client_id: "fuzz/anon",
    client_type: "anon",
    supabase_url: "https://127.0.0.1",
    supabase_key: "sb_publishable_0000000000000000000000_00000000",
  },
  "clients.remove": { client_id: "fuzz/anon" },
  "data.create": { model: "airports", row },
  "data.createMany": { model: "airports", rows: [row, row] },
  "data.get": { model: "airports", key: { iata: "ANC" } },
  "data.list": {
    ...page,
    model: "airports",
    columns: ["iata", "name"],
    filters: [
      { column: "state", op: "eq", value: "AK" },
      { column: "latitude", op: "in", value: [1, 2] },
      { column: "owner_id", op: "is", value: null },
    ],
    order: [{ column: "name", direction: "desc" }],
  },
  "data.remove": { model: "airports", key: { iata: "ANC" } },
  "data.update": { model: "airports", key: { iata: "ANC" }, changes: { city: "Anchorage", latitude: 61.2 } },
  "models.create": {
    ...airports,
    model_name: "fuzz",
    table_name: "fuzz",
    relationships: [{ name: "self", kind: "many-to-one", model: "fuzz", columns: ["state"], on_delete: "cascade" }],
    validation_rules: [{ name: "north", expression: "latitude > 0.0", message: "must be north", fields: ["latitude"] }],
    indexes: [{ name: "fuzz_state", columns: ["state"], unique: false, method: "btree" }],
    rls_policies: [{ name: "own", command: "all", roles: ["authenticated"], using: "true", check: "true" }],
  },
  "models.deprecate": { model_name: "airports" },
  "models.get": { model_name: "airports" },
  "models.list": { ...page, model_name: "airports", is_active: true, cursor: "a" },
  "models.reactivate": { model_name: "airports" },
  "models.update": {
    model_name: "airports",
    expected_version: "1.0.0",
    changes: { schema_version: "2.0.0", table_name: "fuzz", fields: airports.fields, indexes: null },
  },
  "operations.advise": { operation_id: uuid },
  "operations.get": { operation_id: uuid },
  "operations.list": {
    ...page,
    client_id: "fuzz/anon",
    operation_type: "read",
    table_name: "airports",
    status: "success",
    user_id: uuid,
    request_id: "r",
    session_id: uuid,
    model_id: uuid,
    schema_version: "1.0.0",
    created_from: "2026-11-22T10:00:00Z",
    created_before: "2026-11-22T11:00:00Z",
    min_execution_time_ms: 1,
    max_execution_time_ms: 1000,
    min_attempts: 1,
    error_text: "fuzz",
    cursor: uuid,
  },
  "operations.slow": {
    created_from: "2026-11-22T10:00:00Z",
    created_before: "2026-11-22T11:00:00Z",
    by: "p95",
    limit: 5,
  },
  "operations.retention": undefined,
  "operations.stats": {
    created_from: "2026-11-22T10:00:00Z",
    created_before: "2026-11-22T11:00:00Z",
    step: "minute",
    parts: ["totals", "errors"],
    client_id: "fuzz/anon",
    operation_type: "read",
    table_name: "airports",
    status: "success",
    model_id: uuid,
  },
  "sessions.changePassword": { current_password: "correct horse", new_password: "another horse" },
  "sessions.list": { ...page, user_id: uuid, is_active: true, cursor: uuid },
  "sessions.login": credentials,
  "sessions.logout": {},
  "sessions.me": {},
  "sessions.mine": { ...page, cursor: uuid },
  "sessions.refresh": {},
  "sessions.revoke": { session_id: uuid },
  "sessions.revokeOthers": {},
  "sessions.signOutEverywhere": {},
  "sessions.signUp": credentials,
  "system.health": {},
};

export type ProcedurePath = Paths;
