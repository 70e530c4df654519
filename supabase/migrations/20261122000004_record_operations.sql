-- How the ledger's records arrive: in bulk, in any order, any number of times. The same batches give the same table,
-- whichever way they come: an operation is stored once, and only a pending one takes an outcome.
--
-- operations: an array of objects with the columns of database_operations as keys.
-- The answer counts each operation of the array once: inserted (new), settled (was pending, has its outcome now),
-- unchanged (was there already), cascaded (left out, for its client was removed and its operations with it).
-- A session or a model that was removed in the meantime becomes null.
create function public.record_operations(operations jsonb) returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  counts jsonb;
begin
  if jsonb_typeof(operations) is distinct from 'array' then
    raise exception 'operations must be an array of objects'
      using errcode = 'invalid_parameter_value', hint = 'Send {"operations": [{"operation_id": …}, …]}.';
  end if;

  with
  -- One row an operation: within a batch its outcome wins over its beginning.
  incoming as (
    select distinct on (o.operation_id) o.*
    from jsonb_to_recordset(operations) as o (
      operation_id uuid, client_id text, operation_type text, table_name text, query_data jsonb, response_data jsonb,
      status text, error_message text, execution_time_ms integer, created_at timestamptz, completed_at timestamptz,
      user_id text, request_id text, session_id uuid, model_id uuid, schema_version text, attempts integer
    )
    order by o.operation_id, o.status = 'pending'
  ),
  -- What the rows refer to is held until they are written, or a removal in between would refuse the whole batch.
  -- In the order of their keys, so that two flushes never wait for each other in a circle.
  clients as (
    select c.client_id from public.supabase_clients c
    where c.client_id in (select i.client_id from incoming i)
    order by c.client_id for key share
  ),
  sessions as (
    select s.session_id from public.authentication_contexts s
    where s.session_id in (select i.session_id from incoming i)
    order by s.session_id for key share
  ),
  models as (
    select m.model_id from public.data_models m
    where m.model_id in (select i.model_id from incoming i)
    order by m.model_id for key share
  ),
  written as (
    insert into public.database_operations as d (
      operation_id, client_id, operation_type, table_name, query_data, response_data, status, error_message,
      execution_time_ms, created_at, completed_at, user_id, request_id, session_id, model_id, schema_version, attempts
    )
    select
      i.operation_id, i.client_id, i.operation_type, i.table_name, nullif(i.query_data, 'null'),
      nullif(i.response_data, 'null'), i.status, i.error_message, i.execution_time_ms, i.created_at, i.completed_at,
      i.user_id, i.request_id, s.session_id, m.model_id, i.schema_version, coalesce(i.attempts, 0)
    from incoming i
    join clients c on c.client_id = i.client_id
    left join sessions s on s.session_id = i.session_id
    left join models m on m.model_id = i.model_id
    order by i.operation_id
    on conflict (operation_id) do update set
      -- the answer may have proven who asked
      user_id = excluded.user_id,
      response_data = excluded.response_data,
      status = excluded.status,
      error_message = excluded.error_message,
      execution_time_ms = excluded.execution_time_ms,
      completed_at = excluded.completed_at,
      attempts = excluded.attempts
    where d.status = 'pending' and excluded.status <> 'pending'
    returning (d.xmax = 0) as is_new
  ),
  sums as (
    select
      (select count(*) from incoming) as incoming,
      (select count(*) from incoming i where not exists (
        select 1 from clients c where c.client_id = i.client_id
      )) as cascaded,
      (select count(*) from written w where w.is_new) as inserted,
      (select count(*) from written w where not w.is_new) as settled
  )
  select jsonb_build_object(
    'inserted', s.inserted,
    'settled', s.settled,
    'unchanged', s.incoming - s.cascaded - s.inserted - s.settled,
    'cascaded', s.cascaded
  )
  into counts
  from sums s;

  return counts;
end;
$$;

revoke all on function public.record_operations(jsonb) from public, anon, authenticated;
grant execute on function public.record_operations(jsonb) to service_role;
