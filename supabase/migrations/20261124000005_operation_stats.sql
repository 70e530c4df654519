-- What admins ask of the totals, and of the partitions' state. service_role alone calls it; nothing here reads a body.

-- Totals between two times, by the columns of a key: counts, and the latency at which half, 95 and 99 of a hundred
-- operations were done. A percentile is a whole number of the bucket that its rank falls into, interpolated there.
-- Planned anew with the filter's values at each call, so that the index of what failed serves those who ask for it.
create function waybill.totals_by(
  key_columns text[], ordering text, most integer, step text, from_time timestamptz, before_time timestamptz,
  for_client text, for_table text, for_type text, for_status text, for_model uuid
) returns jsonb
language plpgsql stable security invoker
set search_path = ''
as $$
declare
  key constant text := (select string_agg(format('%I', k), ', ') from unnest(key_columns) k);
  answer jsonb;
begin
  execute format(
    $query$
      with buckets as (
        select
          %1$s, r.latency_bucket, sum(r.operations)::float8 as operations,
          coalesce(sum(r.operations) filter (where r.status = 'error'), 0) as errors,
          coalesce(sum(r.operations) filter (where r.status = 'timeout'), 0) as timeouts,
          sum(r.total_ms) as total_ms
        from (select t.*, t.%2$I as at, true as everything from waybill.%3$I t) r
        where r.at >= $1 and r.at < $2
          and ($3 is null or r.client_id = $3) and ($4 is null or r.table_name = $4)
          and ($5 is null or r.operation_type = $5) and ($6 is null or r.status = $6)
          and ($7 is null or r.model_id = $7)
        group by %1$s, r.latency_bucket
      ),
      ranked as (
        select
          b.*,
          sum(b.operations) filter (where b.latency_bucket is not null)
            over (partition by %1$s order by b.latency_bucket) as up_to,
          sum(b.operations) filter (where b.latency_bucket is not null) over (partition by %1$s) as timed
        from buckets b
      ),
      groups as (
        select
          %1$s, sum(operations)::bigint as operations, sum(errors)::bigint as errors,
          sum(timeouts)::bigint as timeouts, sum(total_ms)::bigint as total_ms,
          %4$s
        from ranked group by %1$s
      )
      select coalesce(jsonb_agg(to_jsonb(g) order by %5$s), '[]')
      from (select * from groups order by %5$s limit $8) g
    $query$,
    key, step, 'operation_' || step || 's',
    (
      select string_agg(
        format(
          'min(greatest(
             ceil(power(2, latency_bucket / 4.0) - 1e-9),
             floor(power(2, (latency_bucket + greatest(0, (%1$s * timed - up_to + operations) / operations)) / 4))
           )) filter (where latency_bucket is not null and up_to >= %1$s * timed)::integer as %2$I',
          share, name
        ),
        ', '
      )
      from (values ('0.5', 'p50_ms'), ('0.95', 'p95_ms'), ('0.99', 'p99_ms')) p (share, name)
    ),
    ordering
  )
  into answer
  using from_time, before_time, for_client, for_table, for_type, for_status, for_model, most;
  return answer;
end;
$$;

-- The messages that failed operations had most often, among the newest 10,000 of either status in the time.
create function waybill.top_errors(
  from_time timestamptz, before_time timestamptz, for_client text, for_table text, for_type text, for_status text,
  for_model uuid
) returns jsonb
language plpgsql stable security invoker
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
declare
  -- the id of an operation is made within moments of created_at
  from_id constant uuid := waybill.first_id_of(from_time - interval '1 minute');
  before_id constant uuid := waybill.first_id_of(before_time + interval '1 minute');
begin
  return (
    with failed as (
      (
        select o.status, o.table_name, o.error_message, o.created_at from public.database_operations o
        where o.status = 'error' and o.operation_id >= from_id and o.operation_id < before_id
          and o.created_at >= from_time and o.created_at < before_time
          and (for_client is null or o.client_id = for_client) and (for_table is null or o.table_name = for_table)
          and (for_type is null or o.operation_type = for_type) and (for_status is null or o.status = for_status)
          and (for_model is null or o.model_id = for_model)
        order by o.operation_id desc limit 10000
      )
      union all
      (
        select o.status, o.table_name, o.error_message, o.created_at from public.database_operations o
        where o.status = 'timeout' and o.operation_id >= from_id and o.operation_id < before_id
          and o.created_at >= from_time and o.created_at < before_time
          and (for_client is null or o.client_id = for_client) and (for_table is null or o.table_name = for_table)
          and (for_type is null or o.operation_type = for_type) and (for_status is null or o.status = for_status)
          and (for_model is null or o.model_id = for_model)
        order by o.operation_id desc limit 10000
      )
    ),
    kinds as (
      select
        f.status, f.table_name, left(f.error_message, 300) as error_message, count(*) as operations,
        max(f.created_at) as last_at
      from failed f group by 1, 2, 3
      order by 4 desc, 5 desc limit 20
    )
    select coalesce(jsonb_agg(to_jsonb(k) order by k.operations desc, k.last_at desc), '[]') from kinds k
  );
end;
$$;

-- parts: any of totals, series, tables, clients, models, users, errors; step: minute or hour. Times are rounded down to
-- the step. A step without operations has no point in the series. Users are counted by the hour, and by nothing but
-- their status: those of the whole hours that the time touches, or null where the filter asks for less.
create function public.operation_stats(
  from_time timestamptz, before_time timestamptz, step text, parts text[], for_client text default null,
  for_table text default null, for_type text default null, for_status text default null, for_model uuid default null
) returns jsonb
language plpgsql stable security definer
set search_path = ''
set statement_timeout = '20s'
as $$
declare
  answer jsonb := '{}';
  first_step timestamptz;
begin
  if step is null or step not in ('minute', 'hour') then
    raise exception 'step must be minute or hour' using errcode = 'invalid_parameter_value';
  end if;
  if from_time is null or before_time is null or from_time >= before_time
    or before_time - from_time > 1500 * ('1 ' || step)::interval then
    raise exception 'before_time must be after from_time, by 1500 steps at most'
      using errcode = 'invalid_parameter_value';
  end if;
  first_step := date_trunc(step, from_time, 'UTC');

  if 'totals' = any (parts) then
    answer := answer || jsonb_build_object('totals', waybill.totals_by(
      '{everything}', 'operations', 1, step, first_step, before_time, for_client, for_table, for_type, for_status, for_model
    ) -> 0);
  end if;
  if 'series' = any (parts) then
    answer := answer || jsonb_build_object('series', waybill.totals_by(
      '{at}', 'at', 1501, step, first_step, before_time, for_client, for_table, for_type, for_status, for_model
    ));
  end if;
  if 'tables' = any (parts) then
    answer := answer || jsonb_build_object('tables', waybill.totals_by(
      '{table_name}', 'operations desc, table_name', 20, step, first_step, before_time, for_client, for_table, for_type,
      for_status, for_model
    ));
  end if;
  if 'clients' = any (parts) then
    answer := answer || jsonb_build_object('clients', waybill.totals_by(
      '{client_id}', 'operations desc, client_id', 20, step, first_step, before_time, for_client, for_table, for_type,
      for_status, for_model
    ));
  end if;
  if 'models' = any (parts) then
    answer := answer || jsonb_build_object('models', waybill.totals_by(
      '{model_id,schema_version}', 'operations desc, model_id, schema_version', 20, step, first_step, before_time,
      for_client, for_table, for_type, for_status, for_model
    ));
  end if;
  if 'users' = any (parts) then
    answer := answer || jsonb_build_object('users', case
      when coalesce(for_client, for_table, for_type, for_model::text) is null then (
        select coalesce(jsonb_agg(to_jsonb(u) order by u.operations desc, u.user_id), '[]')
        from (
          select
            h.user_id, sum(h.operations)::bigint as operations,
            coalesce(sum(h.operations) filter (where h.status = 'error'), 0)::bigint as errors,
            coalesce(sum(h.operations) filter (where h.status = 'timeout'), 0)::bigint as timeouts,
            sum(h.total_ms)::bigint as total_ms
          from waybill.operation_user_hours h
          where h.hour >= date_trunc('hour', from_time, 'UTC') and h.hour < before_time
            and (for_status is null or h.status = for_status)
          group by h.user_id
          order by 2 desc, 1 limit 20
        ) u
      )
    end);
  end if;
  if 'errors' = any (parts) then
    answer := answer || jsonb_build_object('errors', waybill.top_errors(
      first_step, before_time, for_client, for_table, for_type, for_status, for_model
    ));
  end if;
  return answer;
end;
$$;

-- The partitions, oldest first, and what the last upkeep did. Rows and bytes are the database's own estimate.
create function public.operation_retention() returns jsonb
language sql stable security definer
set search_path = ''
as $$
  select jsonb_build_object(
    'partitions', (
      select coalesce(jsonb_agg(
        jsonb_build_object(
          'name', p.name,
          'from', waybill.moment_of(p.from_id),
          'before', waybill.moment_of(p.before_id),
          'rows', greatest(c.reltuples, 0)::bigint,
          'bytes', pg_total_relation_size(p.relation)
        ) order by p.before_id
      ), '[]')
      from waybill.operation_partitions p join pg_class c on c.oid = p.relation
    ),
    'elsewhere', (
      select jsonb_build_object('rows', greatest(c.reltuples, 0)::bigint, 'bytes', pg_total_relation_size(c.oid))
      from pg_class c where c.oid = 'waybill.database_operations_default'::regclass
    ),
    'last_upkeep', (
      select r.outcome || jsonb_build_object('ran_at', r.ran_at) from waybill.job_runs r
      where r.job = 'maintain_operations'
    ),
    'jobs_run_by', (
      select split_part(l.holder, ' ', 1) from waybill.leases l
      where l.name = 'jobs' and l.expires_at > clock_timestamp()
    )
  );
$$;

revoke all on function
  waybill.totals_by(text[], text, integer, text, timestamptz, timestamptz, text, text, text, text, uuid),
  waybill.top_errors(timestamptz, timestamptz, text, text, text, text, uuid),
  public.operation_stats(timestamptz, timestamptz, text, text[], text, text, text, text, uuid),
  public.operation_retention()
from public, anon, authenticated, service_role;
grant execute on function
  public.operation_stats(timestamptz, timestamptz, text, text[], text, text, text, text, uuid),
  public.operation_retention()
to service_role;
