-- The totals took a third of the flush's time: some of it went into a function call for each operation, and into
-- comparing texts by the rules of a language, where any fixed order does.

alter table waybill.operation_minutes
  alter column client_id type text collate "C",
  alter column table_name type text collate "C",
  alter column operation_type type text collate "C",
  alter column status type text collate "C",
  alter column schema_version type text collate "C";
alter table waybill.operation_hours
  alter column client_id type text collate "C",
  alter column table_name type text collate "C",
  alter column operation_type type text collate "C",
  alter column status type text collate "C",
  alter column schema_version type text collate "C";
alter table waybill.operation_user_hours
  alter column user_id type text collate "C",
  alter column status type text collate "C";
alter type waybill.outcome
  alter attribute client_id type text collate "C",
  alter attribute table_name type text collate "C",
  alter attribute operation_type type text collate "C",
  alter attribute status type text collate "C",
  alter attribute schema_version type text collate "C",
  alter attribute user_id type text collate "C";

-- Without a search_path of its own, which would keep it from being inlined. All that it names is in pg_catalog, and its
-- callers have an empty path.
create or replace function waybill.latency_bucket(ms integer) returns smallint
language sql immutable strict parallel safe
as $$
  -- the small addend: a logarithm of a power of two may come out a hair below
  select pg_catalog.floor(4 * pg_catalog.ln(ms::double precision) / 0.693147180559945309::double precision + 1e-9)::smallint;
$$;
alter function waybill.latency_bucket(integer) reset search_path;

-- As 20261124000002_rollups.sql says; the hours are added up from the minutes of the batch, which are few.
create or replace function waybill.count_outcomes(outcomes waybill.outcome[]) returns void
language sql volatile security invoker
set search_path = ''
as $$
  with minutes as materialized (
    select
      date_trunc('minute', o.created_at, 'UTC') as minute, o.client_id, o.table_name, o.operation_type, o.status,
      o.model_id, o.schema_version, waybill.latency_bucket(o.execution_time_ms) as latency_bucket,
      count(*) as operations, coalesce(sum(o.execution_time_ms), 0) as total_ms
    from unnest(outcomes) o
    group by 1, 2, 3, 4, 5, 6, 7, 8
  ),
  by_minute as (
    insert into waybill.operation_minutes as r
    select * from minutes m
    order by 1, 2, 3, 4, 5, 6, 7, 8
    on conflict on constraint operation_minutes_key do update
    set operations = r.operations + excluded.operations, total_ms = r.total_ms + excluded.total_ms
    returning 1
  )
  insert into waybill.operation_hours as r
  select
    date_trunc('hour', m.minute, 'UTC'), m.client_id, m.table_name, m.operation_type, m.status, m.model_id,
    m.schema_version, m.latency_bucket, sum(m.operations), sum(m.total_ms)
  from minutes m
  -- no flush may reach for the hours before it has all its minutes, or two could wait in a circle
  where (select count(*) from by_minute) > 0
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

-- As 20261124000005_operation_stats.sql says, but for the percentiles: the middle of the bucket that the rank falls into,
-- so within a tenth or a millisecond of the true one. Interpolated they could be off by a whole bucket, a fifth.
create or replace function waybill.totals_by(
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
             ceil(power(2, latency_bucket / 4.0) - 1e-9), round(power(2, (latency_bucket + 0.5) / 4))
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
