-- The ledger at scale: one partition a day, by the time that each operation_id carries. The key stays alone, a range of
-- time reads the days it names, and a day that is past retention goes with one DROP instead of a DELETE and a VACUUM.
--
-- Partitions are tables, and a hosted project grants every new table in `public` to anon and authenticated. So they
-- live in a schema of their own, into which no API role may look: rows are reached through the parent and its policies,
-- or not at all.

create schema waybill;
revoke all on schema waybill from public, anon, authenticated, service_role;

-- The least id of a moment: a UUIDv7 begins with milliseconds since 1970.
create function waybill.first_id_of(moment timestamptz) returns uuid
language sql immutable strict parallel safe
set search_path = ''
as $$
  select rpad(lpad(to_hex(greatest(floor(extract(epoch from moment) * 1000)::bigint, 0)), 12, '0'), 32, '0')::uuid;
$$;

create function waybill.moment_of(id uuid) returns timestamptz
language sql immutable strict parallel safe
set search_path = ''
as $$
  select to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0);
$$;

drop view public.own_operations;
drop policy database_operations_read_own on public.database_operations;
alter table public.database_operations rename to database_operations_before;
alter table public.database_operations_before set schema waybill;

create table public.database_operations (
  like waybill.database_operations_before including all excluding indexes,
  constraint database_operations_pkey primary key (operation_id),
  constraint database_operations_client_id_fkey foreign key (client_id)
    references public.supabase_clients (client_id) on delete cascade,
  constraint database_operations_session_id_fkey foreign key (session_id)
    references public.authentication_contexts (session_id) on delete cascade,
  constraint database_operations_model_id_fkey foreign key (model_id)
    references public.data_models (model_id) on delete set null
) partition by range (operation_id);
alter table public.database_operations enable row level security;

create index database_operations_client_id_idx on public.database_operations (client_id);
create index database_operations_status_idx on public.database_operations (status);
create index database_operations_created_at_idx on public.database_operations (created_at);
create index database_operations_client_id_status_created_at_idx
  on public.database_operations (client_id, status, created_at);
create index database_operations_session_id_idx on public.database_operations (session_id);
create index database_operations_model_id_idx on public.database_operations (model_id);
create index database_operations_user_id_operation_id_idx on public.database_operations (user_id, operation_id);
create index database_operations_request_id_idx on public.database_operations (request_id);
-- What is rare is looked for most: the newest of a status that few have, without reading past all that went well.
create index database_operations_status_operation_id_idx on public.database_operations (status, operation_id)
  where status <> 'success';

revoke all on table public.database_operations from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.database_operations to service_role;
grant select (
  operation_id, client_id, operation_type, table_name, status, error_message, execution_time_ms, created_at,
  completed_at, user_id, request_id, session_id, model_id, schema_version, attempts
) on table public.database_operations to authenticated;

create policy database_operations_read_own on public.database_operations
for select to authenticated
using (user_id = (select auth.uid())::text);

-- As before (20261122000003_policies.sql).
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

-- Takes what no other partition takes: ids that are no UUIDv7, clocks that go wrong, days that nobody made one for.
create table waybill.database_operations_default (like public.database_operations including all);
alter table waybill.database_operations_default enable row level security;
revoke all on table waybill.database_operations_default from public, anon, authenticated, service_role;
alter table public.database_operations attach partition waybill.database_operations_default default;

-- The rows that are there stay where they are: their table becomes the partition of all that was before tomorrow.
-- Nothing is copied, and retention drops it as it drops a day.
do $$
declare
  tomorrow constant uuid := waybill.first_id_of(date_trunc('day', now(), 'UTC') + interval '1 day');
begin
  if not exists (select from waybill.database_operations_before) then
    drop table waybill.database_operations_before;
    return;
  end if;
  revoke all on table waybill.database_operations_before from public, anon, authenticated, service_role;
  with later as (
    delete from waybill.database_operations_before where operation_id >= tomorrow returning *
  )
  insert into waybill.database_operations_default select * from later;
  execute format(
    'alter table public.database_operations attach partition waybill.database_operations_before '
      'for values from (minvalue) to (%L)',
    tomorrow
  );
end;
$$;
