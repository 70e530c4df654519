-- Who may do what. A hosted project grants everything to anon and authenticated by default privileges, so all is taken
-- away first and given back by name; row level security then narrows it to rows. service_role bypasses policies,
-- not grants: it alone writes.

revoke all on table
  public.supabase_clients,
  public.database_operations,
  public.authentication_contexts,
  public.data_models,
  public.data_model_versions
from public, anon, authenticated, service_role;

grant select, insert, update, delete on table
  public.supabase_clients,
  public.database_operations,
  public.authentication_contexts,
  public.data_models,
  public.data_model_versions
to service_role;

-- A user sees its own sessions, and of those never a token nor the hash of one.
grant select (
  session_id, user_id, token_type, expires_at, is_active, created_at, last_activity, ip_address, user_agent, permissions
) on table public.authentication_contexts to authenticated;

create policy authentication_contexts_read_own on public.authentication_contexts
for select to authenticated
using (user_id = (select auth.uid())::text);

-- A user sees its own operations. The bodies are no columns of this grant, for a column grant cannot tell whose key
-- made the call; the view below can.
grant select (
  operation_id, client_id, operation_type, table_name, status, error_message, execution_time_ms, created_at,
  completed_at, user_id, request_id, session_id, model_id, schema_version, attempts
) on table public.database_operations to authenticated;

create policy database_operations_read_own on public.database_operations
for select to authenticated
using (user_id = (select auth.uid())::text);

-- The same rows with the bodies of the calls that the user's own key made; null for those of the secret key.
-- It runs with its owner's rights on purpose: it reads columns that its reader may not, and filters by auth.uid() itself.
create view public.own_operations with (security_barrier = true, security_invoker = false) as
select
  o.operation_id, o.client_id, o.operation_type, o.table_name,
  case when c.client_type = 'anon' then o.query_data end as query_data,
  case when c.client_type = 'anon' then o.response_data end as response_data,
  o.status, o.error_message, o.execution_time_ms, o.created_at, o.completed_at, o.user_id, o.request_id, o.session_id,
  o.model_id, o.schema_version, o.attempts
from public.database_operations o
join public.supabase_clients c on c.client_id = o.client_id
where o.user_id = (select auth.uid())::text;

revoke all on table public.own_operations from public, anon, authenticated, service_role;
grant select on table public.own_operations to authenticated;

-- Who is signed in may read the models it works with; a deprecated one is gone for it.
grant select on table public.data_models to authenticated;

create policy data_models_read_active on public.data_models
for select to authenticated
using (is_active);
