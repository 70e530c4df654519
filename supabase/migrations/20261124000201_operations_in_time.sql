-- Time ranges become ranges of operation_id, a UUIDv7 that begins with its milliseconds, so that partitions are pruned and
-- the order of the primary key serves. That id and created_at come from two looks at a clock that may be set in between:
-- rows in which they lie more than a minute apart (or whose id is no UUIDv7) stand in views of their own, each with an
-- index that holds nothing else, so that a list by time asks for both and loses none.

create index database_operations_out_of_step_idx on public.database_operations (created_at)
where get_byte(uuid_send(operation_id), 6) >> 4 <> 7
  or abs(
    extract(epoch from created_at - timestamptz 'epoch') * 1000
    - ('x' || encode(substring(uuid_send(operation_id) from 1 for 6), 'hex'))::bit(48)::bigint
  ) > 60000;

create view public.operations_out_of_step with (security_invoker = true) as
select o.*
from public.database_operations o
where get_byte(uuid_send(o.operation_id), 6) >> 4 <> 7
  or abs(
    extract(epoch from o.created_at - timestamptz 'epoch') * 1000
    - ('x' || encode(substring(uuid_send(o.operation_id) from 1 for 6), 'hex'))::bit(48)::bigint
  ) > 60000;

-- What own_operations shows of them, by the same rule and for the same reason with its owner's rights.
create view public.own_operations_out_of_step with (security_barrier = true, security_invoker = false) as
select
  o.operation_id, o.client_id, o.operation_type, o.table_name,
  case when c.client_type = 'anon' then o.query_data end as query_data,
  case when c.client_type = 'anon' then o.response_data end as response_data,
  o.status, o.error_message, o.execution_time_ms, o.created_at, o.completed_at, o.user_id, o.request_id, o.session_id,
  o.model_id, o.schema_version, o.attempts
from public.database_operations o
join public.supabase_clients c on c.client_id = o.client_id
where o.user_id = (select auth.uid())::text
  and (
    get_byte(uuid_send(o.operation_id), 6) >> 4 <> 7
    or abs(
      extract(epoch from o.created_at - timestamptz 'epoch') * 1000
      - ('x' || encode(substring(uuid_send(o.operation_id) from 1 for 6), 'hex'))::bit(48)::bigint
    ) > 60000
  );

revoke all on table public.operations_out_of_step, public.own_operations_out_of_step
from public, anon, authenticated, service_role;
grant select on table public.operations_out_of_step to service_role;
grant select on table public.own_operations_out_of_step to authenticated;

-- Failures and repeated operations are few among millions: searched by their text or number, newest first.
create index database_operations_error_message_idx on public.database_operations (operation_id)
where error_message is not null;
create index database_operations_attempts_idx on public.database_operations (operation_id)
where attempts > 1;
