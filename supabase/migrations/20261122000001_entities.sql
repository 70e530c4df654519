-- The four entities of the data model and the history of models.
-- Every rule that a database can hold is a constraint of its own name, so that a refusal tells which rule it was.
-- Row level security is switched on with each table: no moment passes in which one is open.

create table public.supabase_clients (
  client_id text not null,
  supabase_url text not null,
  supabase_key text not null,
  client_type text not null,
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  last_used timestamptz,
  connection_status text not null default 'connected',
  error_count integer not null default 0,
  retry_count integer not null default 0,

  constraint supabase_clients_pkey primary key (client_id),
  constraint supabase_clients_client_id_instance_and_type check (
    client_id ~ ('^[A-Za-z0-9][A-Za-z0-9._-]{0,199}/' || client_type || '$')
  ),
  -- http is for `supabase start` without TLS, and only on this machine
  constraint supabase_clients_supabase_url_https check (
    supabase_url ~* '^(https://[^\s/?#@]+|http://(([a-z0-9-]+\.)*localhost|127(\.[0-9]{1,3}){1,3}|\[::1\])(:[0-9]{1,5})?)(/[^\s?#@]*)?$'
  ),
  -- a key in clear is refused: v1:<key id>:<base64url of iv, ciphertext and tag>
  constraint supabase_clients_supabase_key_encrypted check (
    supabase_key ~ '^v1:[A-Za-z0-9_-]{1,64}:[A-Za-z0-9_-]{39,}$'
  ),
  constraint supabase_clients_client_type_known check (client_type in ('service_role', 'anon')),
  constraint supabase_clients_connection_status_known check (
    connection_status in ('connected', 'disconnected', 'error')
  ),
  constraint supabase_clients_error_count_range check (error_count between 0 and 10),
  constraint supabase_clients_retry_count_range check (retry_count between 0 and 5),
  constraint supabase_clients_disconnected_is_inactive check (connection_status <> 'disconnected' or not is_active)
);
alter table public.supabase_clients enable row level security;

create table public.authentication_contexts (
  session_id uuid not null default gen_random_uuid(),
  user_id text not null,
  access_token text not null,
  refresh_token text not null,
  token_hash text not null,
  token_type text not null default 'Bearer',
  expires_at timestamptz not null,
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  last_activity timestamptz not null default now(),
  ip_address text,
  user_agent text,
  permissions jsonb,

  constraint authentication_contexts_pkey primary key (session_id),
  constraint authentication_contexts_token_hash_key unique (token_hash),
  constraint authentication_contexts_user_id_not_empty check (user_id <> ''),
  constraint authentication_contexts_access_token_encrypted check (
    access_token ~ '^v1:[A-Za-z0-9_-]{1,64}:[A-Za-z0-9_-]{39,}$'
  ),
  constraint authentication_contexts_refresh_token_encrypted check (
    refresh_token ~ '^v1:[A-Za-z0-9_-]{1,64}:[A-Za-z0-9_-]{39,}$'
  ),
  -- SHA-256, in lower-case hex
  constraint authentication_contexts_token_hash_sha256 check (token_hash ~ '^[0-9a-f]{64}$'),
  constraint authentication_contexts_token_type_not_empty check (token_type <> ''),
  constraint authentication_contexts_ip_address_not_empty check (ip_address <> ''),
  -- "in the future" holds when a session is made or refreshed; a logout ends it at that moment, and this stays true
  constraint authentication_contexts_expires_not_before_created check (expires_at >= created_at),
  constraint authentication_contexts_last_activity_not_before_created check (last_activity >= created_at)
);
alter table public.authentication_contexts enable row level security;

create table public.data_models (
  model_id uuid not null default gen_random_uuid(),
  model_name text not null,
  table_name text not null,
  schema_version text not null,
  fields jsonb not null,
  relationships jsonb,
  validation_rules jsonb,
  indexes jsonb,
  rls_policies jsonb,
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by text not null,

  constraint data_models_pkey primary key (model_id),
  constraint data_models_model_name_key unique (model_name),
  constraint data_models_model_name_identifier check (model_name ~ '^[A-Za-z_][A-Za-z0-9_]{0,62}$'),
  constraint data_models_table_name_plain check (table_name ~ '^[a-z_][a-z0-9_]{0,62}$'),
  -- what PostgreSQL 15 to 18 refuse as the name of a table unless it is quoted (pg_get_keywords, catcode R and T)
  constraint data_models_table_name_not_reserved check (
    table_name <> all (array[
      'all', 'analyse', 'analyze', 'and', 'any', 'array', 'as', 'asc', 'asymmetric', 'authorization', 'binary', 'both',
      'case', 'cast', 'check', 'collate', 'collation', 'column', 'concurrently', 'constraint', 'create', 'cross',
      'current_catalog', 'current_date', 'current_role', 'current_schema', 'current_time', 'current_timestamp',
      'current_user', 'default', 'deferrable', 'desc', 'distinct', 'do', 'else', 'end', 'except', 'false', 'fetch',
      'for', 'foreign', 'freeze', 'from', 'full', 'grant', 'group', 'having', 'ilike', 'in', 'initially', 'inner',
      'intersect', 'into', 'is', 'isnull', 'join', 'lateral', 'leading', 'left', 'like', 'limit', 'localtime',
      'localtimestamp', 'natural', 'not', 'notnull', 'null', 'offset', 'on', 'only', 'or', 'order', 'outer',
      'overlaps', 'placing', 'primary', 'references', 'returning', 'right', 'select', 'session_user', 'similar',
      'some', 'symmetric', 'system_user', 'table', 'tablesample', 'then', 'to', 'trailing', 'true', 'union', 'unique',
      'user', 'using', 'variadic', 'verbose', 'when', 'where', 'window', 'with'
    ])
  ),
  -- names of the catalog, and Waybill's own tables
  constraint data_models_table_name_not_waybill check (
    table_name !~ '^pg_'
    and table_name <> all (array[
      'supabase_clients', 'database_operations', 'authentication_contexts', 'data_models', 'data_model_versions',
      'own_operations'
    ])
  ),
  constraint data_models_schema_version_semver check (
    schema_version ~ '^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$'
  ),
  constraint data_models_fields_object check (
    jsonb_typeof(fields) = 'object' and fields @> '{"type": "object"}'
  ),
  -- 64 KiB as it is sent; jsonb's own text adds a space after each colon and comma
  constraint data_models_fields_size check (octet_length(fields::text) <= 131072),
  constraint data_models_relationships_shape check (jsonb_typeof(relationships) in ('object', 'array')),
  constraint data_models_validation_rules_shape check (jsonb_typeof(validation_rules) in ('object', 'array')),
  constraint data_models_indexes_shape check (jsonb_typeof(indexes) in ('object', 'array')),
  constraint data_models_rls_policies_shape check (jsonb_typeof(rls_policies) in ('object', 'array')),
  constraint data_models_updated_not_before_created check (updated_at >= created_at),
  constraint data_models_created_by_not_empty check (created_by <> '')
);
alter table public.data_models enable row level security;

-- Every version a model ever had; data_models holds the current one.
create table public.data_model_versions (
  model_id uuid not null,
  schema_version text not null,
  model_name text not null,
  table_name text not null,
  fields jsonb not null,
  relationships jsonb,
  validation_rules jsonb,
  indexes jsonb,
  rls_policies jsonb,
  created_at timestamptz not null default now(),
  created_by text not null,

  constraint data_model_versions_pkey primary key (model_id, schema_version),
  constraint data_model_versions_model_id_fkey foreign key (model_id)
    references public.data_models (model_id) on delete cascade,
  constraint data_model_versions_schema_version_semver check (
    schema_version ~ '^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$'
  ),
  constraint data_model_versions_fields_object check (
    jsonb_typeof(fields) = 'object' and fields @> '{"type": "object"}'
  ),
  constraint data_model_versions_created_by_not_empty check (created_by <> '')
);
alter table public.data_model_versions enable row level security;

create table public.database_operations (
  -- a UUIDv7 made by who runs the operation: it carries the time, so it has no default here
  operation_id uuid not null,
  client_id text not null,
  operation_type text not null,
  table_name text not null,
  query_data jsonb,
  response_data jsonb,
  status text not null default 'pending',
  error_message text,
  execution_time_ms integer,
  created_at timestamptz not null default now(),
  completed_at timestamptz,
  user_id text,
  request_id text,
  session_id uuid,
  model_id uuid,
  schema_version text,
  -- requests that left the process: 0 while pending, and for ever when the connection was refused beforehand
  attempts integer not null default 0,

  constraint database_operations_pkey primary key (operation_id),
  constraint database_operations_client_id_fkey foreign key (client_id)
    references public.supabase_clients (client_id) on delete cascade,
  constraint database_operations_session_id_fkey foreign key (session_id)
    references public.authentication_contexts (session_id) on delete cascade,
  constraint database_operations_model_id_fkey foreign key (model_id)
    references public.data_models (model_id) on delete set null,
  constraint database_operations_operation_type_known check (
    operation_type in ('create', 'read', 'update', 'delete', 'real_time')
  ),
  -- as quote_ident writes it, at most one dot, 63 bytes a part
  constraint database_operations_table_name_identifier check (
    case
      when table_name ~ '^[a-z_][a-z0-9_]{0,62}(\.[a-z_][a-z0-9_]{0,62})?$' then true
      when table_name ~ '^([a-z_][a-z0-9_]*|"([^"]|"")+")(\.([a-z_][a-z0-9_]*|"([^"]|"")+"))?$' then
        octet_length((parse_ident(table_name))[1]) <= 63
        and octet_length(coalesce((parse_ident(table_name))[2], '')) <= 63
      else false
    end
  ),
  constraint database_operations_status_known check (status in ('pending', 'success', 'error', 'timeout')),
  constraint database_operations_pending_not_completed check ((status = 'pending') = (completed_at is null)),
  constraint database_operations_error_has_message check (status <> 'error' or error_message is not null),
  constraint database_operations_execution_time_positive check (execution_time_ms >= 1),
  constraint database_operations_completed_after_created check (completed_at > created_at),
  constraint database_operations_user_id_not_empty check (user_id <> ''),
  constraint database_operations_request_id_not_empty check (request_id <> ''),
  constraint database_operations_schema_version_semver check (
    schema_version ~ '^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$'
  ),
  constraint database_operations_attempts_range check (attempts >= 0)
);
alter table public.database_operations enable row level security;

-- clock_timestamp, not now(): two updates in one transaction are two updates
create function public.set_updated_at() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := greatest(clock_timestamp(), old.updated_at, new.created_at);
  return new;
end;
$$;
revoke all on function public.set_updated_at() from public, anon, authenticated;

create trigger data_models_set_updated_at
before update on public.data_models
for each row execute function public.set_updated_at();
