-- data-model.md "Indexes and Performance", every line of it, and what the relationships need: a column that refers to
-- another table is indexed, or a cascade and a user's own list would scan everything. Primary keys and unique
-- constraints (client_id, operation_id, session_id, model_id, model_name, token_hash) bring their own.

create index supabase_clients_client_type_idx on public.supabase_clients (client_type);
create index supabase_clients_is_active_idx on public.supabase_clients (is_active);

create index database_operations_client_id_idx on public.database_operations (client_id);
create index database_operations_status_idx on public.database_operations (status);
create index database_operations_created_at_idx on public.database_operations (created_at);
create index database_operations_client_id_status_created_at_idx
  on public.database_operations (client_id, status, created_at);
create index database_operations_session_id_idx on public.database_operations (session_id);
create index database_operations_model_id_idx on public.database_operations (model_id);
create index database_operations_user_id_operation_id_idx on public.database_operations (user_id, operation_id);
create index database_operations_request_id_idx on public.database_operations (request_id);

create index authentication_contexts_user_id_idx on public.authentication_contexts (user_id);
create index authentication_contexts_is_active_idx on public.authentication_contexts (is_active);
create index authentication_contexts_expires_at_idx on public.authentication_contexts (expires_at);
create index authentication_contexts_user_id_is_active_expires_at_idx
  on public.authentication_contexts (user_id, is_active, expires_at);

create index data_models_is_active_idx on public.data_models (is_active);
create index data_models_model_name_is_active_idx on public.data_models (model_name, is_active);
-- two active models never share a table; a deprecated one may have given its table up
create unique index data_models_active_table_name_key on public.data_models (table_name) where is_active;
