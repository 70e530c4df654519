-- Totals beside the records, kept up by record_operations in the transaction that stores them: an operation counts once,
-- when its outcome is stored, however often and in whatever order its rows arrive. They refer to nothing, so they outlive
-- dropped days, ended sessions and removed clients.
--
-- A latency is a logarithmic bucket, four an octave: bucket k holds 2^(k/4) ≤ ms < 2^((k+1)/4). Buckets of any rows are
-- merged by adding them up, and a percentile read from them is within a tenth of the true one.

create function waybill.latency_bucket(ms integer) returns smallint
language sql immutable strict parallel safe
set search_path = ''
as $$
  -- the small addend: a logarithm of a power of two may come out a hair below
  select floor(4 * ln(ms::double precision) / ln(2::double precision) + 1e-9)::smallint;
$$;

create table waybill.operation_minutes (
  minute timestamptz not null,
  client_id text not null,
  table_name text not null,
  operation_type text not null,
  status text not null,
  model_id uuid,
  schema_version text,
  -- null where the time taken is not known
  latency_bucket smallint,
  operations bigint not null,
  total_ms bigint not null,
  constraint operation_minutes_key unique nulls not distinct
    (minute, client_id, table_name, operation_type, status, model_id, schema_version, latency_bucket)
) with (fillfactor = 70);

create table waybill.operation_hours (
  hour timestamptz not null,
  client_id text not null,
  table_name text not null,
  operation_type text not null,
  status text not null,
  model_id uuid,
  schema_version text,
  latency_bucket smallint,
  operations bigint not null,
  total_ms bigint not null,
  constraint operation_hours_key unique nulls not distinct
    (hour, client_id, table_name, operation_type, status, model_id, schema_version, latency_bucket)
) with (fillfactor = 70);

-- Errors a minute, over a day: without reading past all that went well.
create index operation_minutes_failed_idx on waybill.operation_minutes (minute) where status <> 'success';

-- Who asks how much. By the hour only: there may be many users.
create table waybill.operation_user_hours (
  hour timestamptz not null,
  user_id text not null,
  status text not null,
  operations bigint not null,
  total_ms bigint not null,
  constraint operation_user_hours_pkey primary key (hour, user_id, status)
) with (fillfactor = 70);

alter table waybill.operation_minutes enable row level security;
alter table waybill.operation_hours enable row level security;
alter table waybill.operation_user_hours enable row level security;
revoke all on table waybill.operation_minutes, waybill.operation_hours, waybill.operation_user_hours
from public, anon, authenticated, service_role;

create type waybill.outcome as (
  client_id text, table_name text, operation_type text, status text, model_id uuid, schema_version text, user_id text,
  execution_time_ms integer, created_at timestamptz
);

-- Each table in the order of its key, and the tables always in this order: two flushes that count the same minute wait
-- for each other, never in a circle.
create function waybill.count_outcomes(outcomes waybill.outcome[]) returns void
language sql volatile security invoker
set search_path = ''
as $$
  insert into waybill.operation_minutes as r
  select
    date_trunc('minute', o.created_at, 'UTC'), o.client_id, o.table_name, o.operation_type, o.status, o.model_id,
    o.schema_version, waybill.latency_bucket(o.execution_time_ms), count(*), coalesce(sum(o.execution_time_ms), 0)
  from unnest(outcomes) o
  group by 1, 2, 3, 4, 5, 6, 7, 8
  order by 1, 2, 3, 4, 5, 6, 7, 8
  on conflict on constraint operation_minutes_key do update
  set operations = r.operations + excluded.operations, total_ms = r.total_ms + excluded.total_ms;

  insert into waybill.operation_hours as r
  select
    date_trunc('hour', o.created_at, 'UTC'), o.client_id, o.table_name, o.operation_type, o.status, o.model_id,
    o.schema_version, waybill.latency_bucket(o.execution_time_ms), count(*), coalesce(sum(o.execution_time_ms), 0)
  from unnest(outcomes) o
  group by 1, 2, 3, 4, 5, 6, 7, 8
  order by 1, 2, 3, 4, 5, 6, 7, 8
  on conflict on constraint operation_hours_key do update
  set operations = r.operations + excluded.operations, total_ms = r.total_ms + excluded.total_ms;

  insert into waybill.operation_user_hours as r
  select
    date_trunc('hour', o.created_at, 'UTC'), o.user_id, o.status, count(*), coalesce(sum(o.execution_time_ms), 0)
  from unnest(outcomes) o
  where o.user_id is not null
  group by 1, 2, 3
  order by 1, 2, 3
  on conflict on constraint operation_user_hours_pkey do update
  set operations = r.operations + excluded.operations, total_ms = r.total_ms + excluded.total_ms;
$$;

-- What was stored before there were totals.
insert into waybill.operation_minutes
select
  date_trunc('minute', o.created_at, 'UTC'), o.client_id, o.table_name, o.operation_type, o.status, o.model_id,
  o.schema_version, waybill.latency_bucket(o.execution_time_ms), count(*), coalesce(sum(o.execution_time_ms), 0)
from public.database_operations o
where o.status <> 'pending'
group by 1, 2, 3, 4, 5, 6, 7, 8;
insert into waybill.operation_hours
select
  date_trunc('hour', m.minute, 'UTC'), m.client_id, m.table_name, m.operation_type, m.status, m.model_id,
  m.schema_version, m.latency_bucket, sum(m.operations), sum(m.total_ms)
from waybill.operation_minutes m
group by 1, 2, 3, 4, 5, 6, 7, 8;
insert into waybill.operation_user_hours
select date_trunc('hour', o.created_at, 'UTC'), o.user_id, o.status, count(*), coalesce(sum(o.execution_time_ms), 0)
from public.database_operations o
where o.status <> 'pending' and o.user_id is not null
group by 1, 2, 3;

-- As 20261122000004_record_operations.sql says, with two differences. A partitioned table does not tell an insert from
-- an update (`returning xmax` is refused), so these are two statements, the second one only for batches that need it.
-- And it runs with its owner's rights, since nobody else may write the totals; service_role alone may call it.
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
      d.execution_time_ms, d.created_at
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
        d.execution_time_ms, d.created_at
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

revoke all on function waybill.first_id_of(timestamptz), waybill.moment_of(uuid), waybill.latency_bucket(integer),
  waybill.count_outcomes(waybill.outcome[])
from public, anon, authenticated, service_role;
