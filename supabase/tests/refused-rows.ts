import { ids, sealed, validRows, type TableName } from "./rows.ts";
import type { Row } from "./database.ts";

/** Every constraint that a single row can break: its name and the changes to a valid row that break it and no other. */
export const refusedRows: readonly (readonly [TableName, string, readonly Row[]])[] = [
  [
    "supabase_clients",
    "supabase_clients_client_id_instance_and_type",
    [{ client_id: "" }, { client_id: "test" }, { client_id: "test/service_role" }, { client_id: "/anon" }],
  ],
  [
    "supabase_clients",
    "supabase_clients_supabase_url_https",
    [
      { supabase_url: "" },
      { supabase_url: "ftp://example.supabase.co" },
      { supabase_url: "http://example.supabase.co" },
      { supabase_url: "http://localhost.example.co" },
      { supabase_url: "https://user:secret@example.supabase.co" },
      { supabase_url: "https://" },
    ],
  ],
  [
    "supabase_clients",
    "supabase_clients_supabase_key_encrypted",
    [
      { supabase_key: "" },
      { supabase_key: "sb_secret_0123456789abcdef" },
      { supabase_key: `v1::${"A".repeat(60)}` },
      { supabase_key: `v1:test:${"A".repeat(38)}` },
    ],
  ],
  [
    "supabase_clients",
    "supabase_clients_client_type_known",
    [{ client_id: "test/authenticated", client_type: "authenticated" }],
  ],
  ["supabase_clients", "supabase_clients_connection_status_known", [{ connection_status: "unknown" }]],
  ["supabase_clients", "supabase_clients_error_count_range", [{ error_count: -1 }, { error_count: 11 }]],
  ["supabase_clients", "supabase_clients_retry_count_range", [{ retry_count: -1 }, { retry_count: 6 }]],
  ["supabase_clients", "supabase_clients_disconnected_is_inactive", [{ connection_status: "disconnected" }]],
  ["authentication_contexts", "authentication_contexts_user_id_not_empty", [{ user_id: "" }]],
  [
    "authentication_contexts",
    "authentication_contexts_access_token_encrypted",
    [{ access_token: "" }, { access_token: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl" }],
  ],
  [
    "authentication_contexts",
    "authentication_contexts_refresh_token_encrypted",
    [{ refresh_token: "" }, { refresh_token: "a-refresh-token-in-clear" }],
  ],
  [
    "authentication_contexts",
    "authentication_contexts_token_hash_sha256",
    [{ token_hash: "" }, { token_hash: "A".repeat(64) }, { token_hash: "a".repeat(63) }],
  ],
  ["authentication_contexts", "authentication_contexts_token_type_not_empty", [{ token_type: "" }]],
  ["authentication_contexts", "authentication_contexts_ip_address_not_empty", [{ ip_address: "" }]],
  [
    "authentication_contexts",
    "authentication_contexts_expires_after_created",
    [{ expires_at: "2026-11-22T10:00:00Z" }, { expires_at: "2026-11-22T09:59:59.999999Z" }],
  ],
  [
    "authentication_contexts",
    "authentication_contexts_last_activity_not_before_created",
    [{ last_activity: "2026-11-22T09:59:59.999999Z" }],
  ],
  [
    "data_models",
    "data_models_model_name_identifier",
    [{ model_name: "" }, { model_name: "1st" }, { model_name: "air port" }, { model_name: "a".repeat(64) }],
  ],
  [
    "data_models",
    "data_models_table_name_plain",
    [
      { table_name: "" },
      { table_name: "Airports" },
      { table_name: "public.airports" },
      { table_name: '"airports"' },
      { table_name: "a".repeat(64) },
      { table_name: "airports; drop table routes" },
    ],
  ],
  ["data_models", "data_models_table_name_not_reserved", [{ table_name: "user" }, { table_name: "select" }]],
  [
    "data_models",
    "data_models_table_name_not_waybill",
    [{ table_name: "database_operations" }, { table_name: "model_migrations" }, { table_name: "pg_class" }],
  ],
  ["data_models", "data_models_table_name_not_schema", [{ table_name: "auth" }, { table_name: "vault" }]],
  [
    "data_models",
    "data_models_schema_version_semver",
    [{ schema_version: "" }, { schema_version: "1.0" }, { schema_version: "v1.0.0" }, { schema_version: "1.0.01" }],
  ],
  ["data_models", "data_models_applied_version_semver", [{ applied_version: "" }, { applied_version: "1.0" }]],
  [
    "data_models",
    "data_models_fields_object",
    [{ fields: [] }, { fields: "object" }, { fields: {} }, { fields: { type: "array" } }],
  ],
  [
    "data_models",
    "data_models_fields_properties",
    [{ fields: { type: "object" } }, { fields: { type: "object", properties: [] } }],
  ],
  [
    "data_models",
    "data_models_fields_size",
    [{ fields: { ...validRows.data_models.fields, description: "x".repeat(131_072) } }],
  ],
  ["data_models", "data_models_relationships_list", [{ relationships: "routes" }, { relationships: {} }]],
  ["data_models", "data_models_validation_rules_list", [{ validation_rules: true }, { validation_rules: {} }]],
  ["data_models", "data_models_indexes_list", [{ indexes: "iata" }, { indexes: {} }]],
  ["data_models", "data_models_rls_policies_shape", [{ rls_policies: "own" }]],
  ["data_models", "data_models_updated_not_before_created", [{ updated_at: "2026-11-22T09:59:59.999999Z" }]],
  ["data_models", "data_models_created_by_not_empty", [{ created_by: "" }]],
  ["data_model_versions", "data_model_versions_schema_version_semver", [{ schema_version: "1" }]],
  ["data_model_versions", "data_model_versions_fields_object", [{ fields: [] }, { fields: { type: "string" } }]],
  ["data_model_versions", "data_model_versions_created_by_not_empty", [{ created_by: "" }]],
  ["data_model_versions", "data_model_versions_model_id_fkey", [{ model_id: ids.session }]],
  ["database_operations", "database_operations_client_id_fkey", [{ client_id: "test/none" }]],
  ["database_operations", "database_operations_session_id_fkey", [{ session_id: ids.model }]],
  ["database_operations", "database_operations_model_id_fkey", [{ model_id: ids.session }]],
  ["database_operations", "database_operations_operation_type_known", [{ operation_type: "upsert" }]],
  [
    "database_operations",
    "database_operations_table_name_identifier",
    [
      { table_name: "" },
      { table_name: "Airports" },
      { table_name: "my table" },
      { table_name: "a.b.c" },
      { table_name: '""' },
      { table_name: '"open' },
      { table_name: "a".repeat(64) },
      // 32 characters of two bytes
      { table_name: `"${"é".repeat(32)}"` },
      { table_name: `public."${"é".repeat(32)}"` },
    ],
  ],
  ["database_operations", "database_operations_status_known", [{ status: "done" }]],
  [
    "database_operations",
    "database_operations_pending_not_completed",
    [{ status: "pending" }, { completed_at: null }, { status: "timeout", completed_at: null }],
  ],
  ["database_operations", "database_operations_error_has_message", [{ status: "error" }]],
  [
    "database_operations",
    "database_operations_execution_time_positive",
    [{ execution_time_ms: 0 }, { execution_time_ms: -5 }],
  ],
  [
    "database_operations",
    "database_operations_completed_after_created",
    [{ completed_at: "2026-11-22T10:00:00.000001Z" }, { completed_at: "2026-11-22T09:00:00Z" }],
  ],
  ["database_operations", "database_operations_user_id_not_empty", [{ user_id: "" }]],
  ["database_operations", "database_operations_request_id_not_empty", [{ request_id: "" }]],
  ["database_operations", "database_operations_schema_version_semver", [{ schema_version: "one" }]],
  ["database_operations", "database_operations_attempts_range", [{ attempts: -1 }]],
];

/** What a key refuses: a second row that shares it, everything else its own. */
export const refusedTwins: readonly (readonly [TableName, string, Row])[] = [
  ["supabase_clients", "supabase_clients_pkey", {}],
  ["authentication_contexts", "authentication_contexts_pkey", { token_hash: "b".repeat(64) }],
  ["authentication_contexts", "authentication_contexts_token_hash_key", { session_id: ids.model }],
  ["data_models", "data_models_pkey", { model_name: "Other", table_name: "others" }],
  ["data_models", "data_models_model_name_key", { model_id: ids.session, table_name: "others" }],
  ["data_models", "data_models_active_table_name_key", { model_id: ids.session, model_name: "Other" }],
  ["data_model_versions", "data_model_versions_pkey", {}],
  ["database_operations", "database_operations_pkey", {}],
];

/** The edges that must still be taken. */
export const acceptedRows: readonly (readonly [TableName, Row])[] = [
  ["supabase_clients", { supabase_url: "http://localhost:54321" }],
  ["supabase_clients", { supabase_url: "http://127.0.0.1:54321" }],
  ["supabase_clients", { supabase_url: "http://[::1]:54321" }],
  ["supabase_clients", { supabase_url: "https://127.0.0.1:8443/base" }],
  ["supabase_clients", { supabase_key: `v1:a-key_2:${"A".repeat(39)}` }],
  ["supabase_clients", { error_count: 10, retry_count: 5, connection_status: "disconnected", is_active: false }],
  ["supabase_clients", { connection_status: "connected", is_active: false }],
  ["authentication_contexts", { ip_address: null, user_agent: null, permissions: null, is_active: false }],
  ["authentication_contexts", { access_token: sealed.replace("test", "k2") }],
  ["data_models", { model_name: "_routes2", table_name: "_routes2", schema_version: "2.0.0-rc.1+build.5" }],
  ["data_models", { table_name: "a".repeat(63), relationships: [], indexes: [], rls_policies: [] }],
  ["data_models", { rls_policies: { preset: "public-read" } }],
  ["database_operations", { table_name: "auth.users", completed_at: "2026-11-22T10:00:00.000002Z" }],
  ["database_operations", { table_name: '"My ""Table"""' }],
  ["database_operations", { table_name: `storage."${"é".repeat(31)}"` }],
  ["database_operations", { status: "error", error_message: "", execution_time_ms: null, attempts: 0 }],
  ["database_operations", { status: "timeout", session_id: null, model_id: null, schema_version: null }],
  [
    "database_operations",
    { status: "pending", completed_at: null, execution_time_ms: null, user_id: null, request_id: null, attempts: 0 },
  ],
];
