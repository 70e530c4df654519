import type { TableName } from "./rows.ts";

/** Rows whose id and time lie more than a minute apart, or whose id is no UUIDv7. */
const outOfStep =
  "(((get_byte(uuid_send(operation_id), 6) >> 4) <> 7) OR (abs(((EXTRACT(epoch FROM (created_at - '1970-01-01 00:00:00+00'::timestamp with time zone)) * (1000)::numeric) - (((('x'::text || encode(SUBSTRING(uuid_send(operation_id) FROM 1 FOR 6), 'hex'::text)))::bit(48))::bigint)::numeric)) > (60000)::numeric))";

/** data-model.md "Indexes and Performance" and decisions.md: table, index, columns, and what else defines it. */
export const expectedIndexes: readonly (readonly [TableName, string, string, ("unique" | "plain")?, string?])[] = [
  ["authentication_contexts", "authentication_contexts_expires_at_idx", "expires_at"],
  [
    "authentication_contexts",
    "authentication_contexts_idle_idx",
    "last_activity",
    "plain",
    "(is_active OR (last_activity < expires_at))",
  ],
  ["authentication_contexts", "authentication_contexts_is_active_idx", "is_active"],
  ["authentication_contexts", "authentication_contexts_pkey", "session_id", "unique"],
  ["authentication_contexts", "authentication_contexts_token_hash_key", "token_hash", "unique"],
  ["authentication_contexts", "authentication_contexts_user_id_idx", "user_id"],
  [
    "authentication_contexts",
    "authentication_contexts_user_id_is_active_expires_at_idx",
    "user_id, is_active, expires_at",
  ],
  ["data_model_versions", "data_model_versions_pkey", "model_id, schema_version", "unique"],
  ["data_models", "data_models_active_table_name_key", "table_name", "unique", "is_active"],
  ["data_models", "data_models_is_active_idx", "is_active"],
  ["data_models", "data_models_model_name_is_active_idx", "model_name, is_active"],
  ["data_models", "data_models_model_name_key", "model_name", "unique"],
  ["data_models", "data_models_pkey", "model_id", "unique"],
  ["database_operations", "database_operations_attempts_idx", "operation_id", "plain", "(attempts > 1)"],
  ["database_operations", "database_operations_client_id_idx", "client_id"],
  ["database_operations", "database_operations_client_id_status_created_at_idx", "client_id, status, created_at"],
  ["database_operations", "database_operations_created_at_idx", "created_at"],
  [
    "database_operations",
    "database_operations_error_message_idx",
    "operation_id",
    "plain",
    "(error_message IS NOT NULL)",
  ],
  ["database_operations", "database_operations_model_id_idx", "model_id"],
  ["database_operations", "database_operations_out_of_step_idx", "created_at", "plain", outOfStep],
  ["database_operations", "database_operations_pkey", "operation_id", "unique"],
  ["database_operations", "database_operations_request_id_idx", "request_id"],
  ["database_operations", "database_operations_session_id_idx", "session_id"],
  ["database_operations", "database_operations_status_idx", "status"],
  [
    "database_operations",
    "database_operations_status_operation_id_idx",
    "status, operation_id",
    "plain",
    "(status <> 'success'::text)",
  ],
  ["database_operations", "database_operations_user_id_operation_id_idx", "user_id, operation_id"],
  ["supabase_clients", "supabase_clients_client_type_idx", "client_type"],
  ["supabase_clients", "supabase_clients_is_active_idx", "is_active"],
  ["supabase_clients", "supabase_clients_pkey", "client_id", "unique"],
];

/** The question that each index is there for. Another index answers it only where it begins with the same columns. */
export const questions: readonly (readonly [string, string])[] = [
  ["authentication_contexts_expires_at_idx", "select * from authentication_contexts where expires_at < now()"],
  [
    "authentication_contexts_idle_idx",
    `select * from authentication_contexts
      where (is_active or last_activity < expires_at) and last_activity <= now() - interval '7 days'`,
  ],
  ["authentication_contexts_is_active_idx", "select * from authentication_contexts where is_active"],
  [
    "authentication_contexts_pkey",
    "select * from authentication_contexts where session_id = '00000000-0000-4000-8000-000000000777'",
  ],
  [
    "authentication_contexts_token_hash_key",
    "select * from authentication_contexts where token_hash = repeat('0', 59) || '00777'",
  ],
  ["authentication_contexts_user_id_idx", "select * from authentication_contexts where user_id = 'user-777'"],
  [
    "authentication_contexts_user_id_is_active_expires_at_idx",
    "select * from authentication_contexts where user_id = 'user-0' and is_active and expires_at > now() + interval '20 h'",
  ],
  [
    "data_model_versions_pkey",
    "select * from data_model_versions where model_id = '00000000-0000-4000-8000-000000000777'",
  ],
  ["data_models_active_table_name_key", "select * from data_models where table_name = 't777' and is_active"],
  ["data_models_is_active_idx", "select * from data_models where not is_active"],
  ["data_models_model_name_is_active_idx", "select * from data_models where model_name = 'M777' and is_active"],
  ["data_models_model_name_key", "select * from data_models where model_name = 'M777'"],
  ["data_models_pkey", "select * from data_models where model_id = '00000000-0000-4000-8000-000000000777'"],
  [
    "database_operations_attempts_idx",
    "select * from database_operations where attempts >= 2 order by operation_id desc limit 50",
  ],
  ["database_operations_client_id_idx", "select * from database_operations where client_id = 'i777/anon'"],
  [
    "database_operations_client_id_status_created_at_idx",
    `select * from database_operations where client_id = 'i0/anon' and status = 'error'
     order by created_at desc limit 50`,
  ],
  ["database_operations_created_at_idx", "select * from database_operations where created_at > now() - interval '1 h'"],
  [
    "database_operations_error_message_idx",
    "select * from database_operations where error_message ~* 'fail' order by operation_id desc limit 50",
  ],
  [
    "database_operations_model_id_idx",
    "select * from database_operations where model_id = '00000000-0000-4000-8000-000000000777'",
  ],
  [
    "database_operations_out_of_step_idx",
    "select * from operations_out_of_step where created_at < now() - interval '27 h'",
  ],
  ["database_operations_pkey", "select * from database_operations order by operation_id desc limit 50"],
  ["database_operations_request_id_idx", "select * from database_operations where request_id = 'req-777'"],
  [
    "database_operations_session_id_idx",
    "delete from database_operations where session_id = '00000000-0000-4000-8000-000000000777'",
  ],
  ["database_operations_status_idx", "select * from database_operations where status = 'pending'"],
  [
    "database_operations_status_operation_id_idx",
    "select * from database_operations where status = 'error' order by operation_id desc limit 50",
  ],
  [
    "database_operations_user_id_operation_id_idx",
    `select * from database_operations
     where user_id = 'user-7' and operation_id < '0193f2a4-7d1e-7fff-bfff-ffffffffffff'
     order by operation_id desc limit 50`,
  ],
  ["supabase_clients_client_type_idx", "select * from supabase_clients where client_type = 'service_role'"],
  ["supabase_clients_is_active_idx", "select * from supabase_clients where not is_active"],
  ["supabase_clients_pkey", "select * from supabase_clients where client_id = 'i777/anon'"],
];
