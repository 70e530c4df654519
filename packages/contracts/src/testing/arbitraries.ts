import fc from "fast-check";
import type { AuthenticationContextRow } from "../authentication-context.ts";
import type { DataModelFields } from "../data-model/fields.ts";
import type { ModelIndex, Relationship, RlsPolicies, RlsPolicy, ValidationRule } from "../data-model/parts.ts";
import type { DataModelRow } from "../data-model.ts";
import { type DatabaseOperationRow, operationTypes } from "../database-operation.ts";
import { addMicroseconds, type JsonValue, quoteIdentifier } from "../primitives.ts";
import type { SupabaseClientRow } from "../supabase-client.ts";

/** An instant as PostgREST writes it or as JavaScript does. */
export const instants = fc
  .record({
    at: fc.date({ min: new Date("2020-01-01"), max: new Date("2080-01-01"), noInvalidDate: true }),
    microseconds: fc.nat(999),
    zone: fc.constantFrom("Z", "+00:00"),
  })
  .map(({ at, microseconds, zone }) => addMicroseconds(at.toISOString(), microseconds).replace("Z", zone));

/** Microseconds up to ten minutes. Instants are added up in `map`: `chain` would make every run many times slower. */
const delays = (least: number) => fc.integer({ min: least, max: 600_000_000 });

export const texts = fc.string({ unit: "grapheme", maxLength: 40 });
export const jsonValues: fc.Arbitrary<JsonValue> = fc
  .jsonValue({ maxDepth: 3 })
  // -0 does not survive JSON, so no caller can send it.
  .map((value) => JSON.parse(JSON.stringify(value)));

const base64url = (length: number) =>
  fc.string({ unit: fc.constantFrom("A", "B", "x", "0", "9", "-", "_"), minLength: length, maxLength: length + 40 });
export const ciphertexts = base64url(39).map((text) => `v1:key-1:${text}`);
export const hashes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((hash) => Buffer.from(hash).toString("hex"));
export const uuids = fc.uuid();
export const versions = fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)).map((parts) => parts.join("."));

const clientTypes = fc.constantFrom("service_role", "anon");
export const clientIds = fc
  .tuple(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/), clientTypes)
  .map(([instance, type]) => `${instance}/${type}`);

export const supabaseClientRows: fc.Arbitrary<SupabaseClientRow> = fc
  .record({
    client_type: fc.constantFrom("service_role" as const, "anon" as const),
    instance: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/),
    supabase_key: ciphertexts,
    supabase_url: fc.constantFrom("https://abc.supabase.co", "https://127.0.0.1:54321", "http://localhost:54321"),
    connection_status: fc.constantFrom("connected" as const, "disconnected" as const, "error" as const),
    active: fc.boolean(),
    created_at: instants,
    last_used: fc.option(instants),
    error_count: fc.nat(10),
    retry_count: fc.nat(5),
  })
  .map(({ instance, active, ...row }) => ({
    ...row,
    client_id: `${instance}/${row.client_type}`,
    is_active: active && row.connection_status !== "disconnected",
  }));

export const tableNames = fc.oneof(
  fc.constantFrom("airports", "auth.users", '"My Table"', 'public."a""b"'),
  fc.string({ minLength: 1, maxLength: 15 }).map((name) => quoteIdentifier(name)),
);

export const databaseOperationRows: fc.Arbitrary<DatabaseOperationRow> = fc
  .record({
    operation_id: fc.uuid({ version: 7 }),
    client_id: clientIds,
    operation_type: fc.constantFrom(...operationTypes),
    table_name: tableNames,
    query_data: fc.option(jsonValues),
    response_data: fc.option(jsonValues),
    status: fc.constantFrom("pending" as const, "success" as const, "error" as const, "timeout" as const),
    execution_time_ms: fc.option(fc.integer({ min: 1, max: 60_000 })),
    created_at: instants,
    taken: delays(1),
    user_id: fc.option(uuids),
    request_id: fc.option(uuids),
    session_id: fc.option(uuids),
    model_id: fc.option(uuids),
    schema_version: fc.option(versions),
    attempts: fc.nat(4),
  })
  .map(({ taken, ...row }) => ({
    ...row,
    completed_at: row.status === "pending" ? null : addMicroseconds(row.created_at, taken),
    error_message: row.status === "error" ? "it failed" : null,
  }));

export const authenticationContextRows: fc.Arbitrary<AuthenticationContextRow> = fc
  .record({
    session_id: uuids,
    user_id: uuids,
    access_token: ciphertexts,
    refresh_token: ciphertexts,
    token_hash: hashes,
    token_type: fc.constant("Bearer"),
    is_active: fc.boolean(),
    created_at: instants,
    lasts: delays(1),
    idle: delays(0),
    ip_address: fc.option(fc.ipV4()),
    user_agent: fc.option(texts),
    permissions: fc.option(jsonValues),
  })
  .map(({ lasts, idle, ...row }) => ({
    ...row,
    expires_at: addMicroseconds(row.created_at, lasts),
    last_activity: addMicroseconds(row.created_at, idle),
  }));

const fields: DataModelFields = {
  type: "object",
  "x-primary-key": ["iata"],
  required: ["iata"],
  properties: { iata: { type: "string", pattern: "^[A-Z]{3}$" }, user_id: { type: "string", "x-pg": "uuid" } },
};
const relationship: Relationship = {
  name: "hub",
  kind: "many-to-one",
  model: "airports",
  columns: ["iata"],
  on_delete: "cascade",
};
const index: ModelIndex = { columns: ["iata"], unique: true, method: "btree" };
const policy: RlsPolicy = { name: "mine", command: "select", roles: ["authenticated"], using: "true" };

export const dataModelRows: fc.Arbitrary<DataModelRow> = fc
  .record({
    model_id: uuids,
    model_name: fc.nat().map((number) => `Model_${number}`),
    table_name: fc.nat().map((number) => `table_${number}`),
    schema_version: versions,
    fields: fc.constant(fields),
    relationships: fc.option(fc.constant<Relationship[]>([relationship])),
    validation_rules: fc.option(
      fc.constant<ValidationRule[]>([{ name: "rule", expression: "iata != ''", message: "must be given" }]),
    ),
    indexes: fc.option(fc.constant<ModelIndex[]>([index])),
    rls_policies: fc.constantFrom<RlsPolicies | null>(null, { preset: "own-rows" }, [policy]),
    applied_version: fc.option(versions),
    is_active: fc.boolean(),
    created_at: instants,
    age: delays(0),
    created_by: uuids,
  })
  .map(({ age, ...row }) => ({ ...row, updated_at: addMicroseconds(row.created_at, age) }));
