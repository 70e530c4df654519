import type { Row } from "./database.ts";

/** A valid row of each table, their keys fitting each other. */
export const ids = {
  client: "test/anon",
  session: "0193f2a4-7d1e-7c3a-9b0e-5f6a7b8c9d01",
  model: "0193f2a4-7d1e-7c3a-9b0e-5f6a7b8c9d02",
  operation: "0193f2a4-7d1e-7c3a-9b0e-5f6a7b8c9d03",
  otherOperation: "0193f2a4-7d1e-7c3a-9b0e-5f6a7b8c9d04",
};

/** A value of the form of an encrypted secret; nothing decrypts it. */
export const sealed = `v1:test:${"A".repeat(60)}`;

const fields = { type: "object", "x-primary-key": ["iata"], properties: { iata: { type: "string" } } };

export const validRows = {
  supabase_clients: {
    client_id: ids.client,
    supabase_url: "https://example.supabase.co",
    supabase_key: sealed,
    client_type: "anon",
    is_active: true,
    created_at: "2026-11-22T10:00:00Z",
    last_used: null,
    connection_status: "connected",
    error_count: 0,
    retry_count: 0,
  },
  authentication_contexts: {
    session_id: ids.session,
    user_id: "7d9f3a52-0000-4000-8000-000000000001",
    access_token: sealed,
    refresh_token: sealed,
    token_hash: "a".repeat(64),
    token_type: "Bearer",
    expires_at: "2026-11-22T11:00:00Z",
    is_active: true,
    created_at: "2026-11-22T10:00:00Z",
    last_activity: "2026-11-22T10:00:00Z",
    ip_address: "192.0.2.7",
    user_agent: "vitest",
    permissions: { roles: ["admin"] },
    refresh_holder: null,
    refresh_until: null,
    refresh_failures: 0,
  },
  data_models: {
    model_id: ids.model,
    model_name: "Airport",
    table_name: "airports",
    schema_version: "1.0.0",
    fields,
    relationships: [],
    validation_rules: null,
    indexes: null,
    rls_policies: null,
    applied_version: null,
    is_active: true,
    created_at: "2026-11-22T10:00:00Z",
    updated_at: "2026-11-22T10:00:00Z",
    created_by: "7d9f3a52-0000-4000-8000-000000000001",
  },
  data_model_versions: {
    model_id: ids.model,
    schema_version: "1.0.0",
    model_name: "Airport",
    table_name: "airports",
    fields,
    relationships: null,
    validation_rules: null,
    indexes: null,
    rls_policies: null,
    created_at: "2026-11-22T10:00:00Z",
    created_by: "7d9f3a52-0000-4000-8000-000000000001",
  },
  database_operations: {
    operation_id: ids.operation,
    client_id: ids.client,
    operation_type: "read",
    table_name: "airports",
    query_data: null,
    response_data: null,
    status: "success",
    error_message: null,
    execution_time_ms: 3,
    created_at: "2026-11-22T10:00:00.000001Z",
    completed_at: "2026-11-22T10:00:00.002Z",
    user_id: "7d9f3a52-0000-4000-8000-000000000001",
    request_id: "req-1",
    session_id: ids.session,
    model_id: ids.model,
    schema_version: "1.0.0",
    attempts: 1,
  },
} satisfies Record<string, Row>;

export type TableName = keyof typeof validRows;

/** The tables in the order in which their rows can be inserted. */
export const tables: readonly TableName[] = [
  "supabase_clients",
  "authentication_contexts",
  "data_models",
  "data_model_versions",
  "database_operations",
];
