-- An answer from memory (a success without an attempt) is counted, and its millisecond is not: it says nothing of the
-- database, and would pull every percentile of reads down to itself.
create or replace function public.record_operations(operations jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  incoming_count bigint;
  accepted_count bigint;
  inserted_count bigint;
  settled_count bigint := 0;
  first_id uuid;
  last_id uuid;
  outcomes waybill.outcome[];
  later_outcomes waybill.outcome[];
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
  inserted as (
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
    on conflict (operation_id) do nothing
    returning
      d.client_id, d.table_name, d.operation_type, d.status, d.model_id, d.schema_version, d.user_id,
      case when d.attempts > 0 or d.status <> 'success' then d.execution_time_ms end, d.created_at
  )
  select
    (select count(*) from incoming),
    (select count(*) from incoming i join clients c on c.client_id = i.client_id),
    (select count(*) from inserted),
    (select i.operation_id from incoming i order by i.operation_id limit 1),
    (select i.operation_id from incoming i order by i.operation_id desc limit 1),
    (select array_agg(n::waybill.outcome) from inserted n where n.status <> 'pending')
  into incoming_count, accepted_count, inserted_count, first_id, last_id, outcomes;

  if inserted_count < accepted_count then
    with
    incoming as (
      select distinct on (o.operation_id) o.*
      from jsonb_to_recordset(operations) as o (
        operation_id uuid, response_data jsonb, status text, error_message text, execution_time_ms integer,
        completed_at timestamptz, user_id text, attempts integer
      )
      where o.status <> 'pending'
      order by o.operation_id
    ),
    -- the bounds let the plan leave out the days that have none of them
    held as (
      select d.operation_id from public.database_operations d
      where d.operation_id in (select i.operation_id from incoming i)
        and d.operation_id between first_id and last_id and d.status = 'pending'
      order by d.operation_id for update
    ),
    settled as (
      update public.database_operations d set
        -- the answer may have proven who asked
        user_id = i.user_id,
        response_data = nullif(i.response_data, 'null'),
        status = i.status,
        error_message = i.error_message,
        execution_time_ms = i.execution_time_ms,
        completed_at = i.completed_at,
        attempts = coalesce(i.attempts, 0)
      from incoming i
      join held h on h.operation_id = i.operation_id
      where d.operation_id = i.operation_id and d.operation_id between first_id and last_id and d.status = 'pending'
      returning
        d.client_id, d.table_name, d.operation_type, d.status, d.model_id, d.schema_version, d.user_id,
        case when d.attempts > 0 or d.status <> 'success' then d.execution_time_ms end, d.created_at
    )
    select count(*), array_agg(n::waybill.outcome) from settled n
    into settled_count, later_outcomes;
    outcomes := outcomes || later_outcomes;
  end if;

  if cardinality(outcomes) > 0 then
    perform waybill.count_outcomes(outcomes);
  end if;
  return jsonb_build_object(
    'inserted', inserted_count,
    'settled', settled_count,
    'unchanged', accepted_count - inserted_count - settled_count,
    'cascaded', incoming_count - accepted_count
  );
end;
$$;
