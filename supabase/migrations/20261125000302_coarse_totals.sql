-- Totals in three grains. A million operations an hour leave some 160,000 totals of every client, table, type, status,
-- version and latency, and adding those up takes longer than somebody should wait for a chart. What is asked most, by table
-- and of all together, has totals of its own: a tenth and a hundredth of the rows, kept up from the same few of a batch.

create table waybill.operation_minutes_by_table (
  minute timestamptz not null,
  table_name text collate "C" not null,
  status text collate "C" not null,
  latency_bucket smallint,
  operations bigint not null,
  total_ms bigint not null,
  constraint operation_minutes_by_table_key unique nulls not distinct (minute, table_name, status, latency_bucket)
) with (fillfactor = 70);
create table waybill.operation_hours_by_table (
  hour timestamptz not null,
  table_name text collate "C" not null,
  status text collate "C" not null,
  latency_bucket smallint,
  operations bigint not null,
  total_ms bigint not null,
  constraint operation_hours_by_table_key unique nulls not distinct (hour, table_name, status, latency_bucket)
) with (fillfactor = 70);
create table waybill.operation_minutes_overall (
  minute timestamptz not null,
  status text collate "C" not null,
  latency_bucket smallint,
  operations bigint not null,
  total_ms bigint not null,
  constraint operation_minutes_overall_key unique nulls not distinct (minute, status, latency_bucket)
) with (fillfactor = 70);
create table waybill.operation_hours_overall (
  hour timestamptz not null,
  status text collate "C" not null,
  latency_bucket smallint,
  operations bigint not null,
  total_ms bigint not null,
  constraint operation_hours_overall_key unique nulls not distinct (hour, status, latency_bucket)
) with (fillfactor = 70);

-- As of the minutes of everything: errors, without reading past all that went well.
create index operation_minutes_by_table_failed_idx on waybill.operation_minutes_by_table (minute)
where status <> 'success';
create index operation_minutes_overall_failed_idx on waybill.operation_minutes_overall (minute)
where status <> 'success';

-- The names that are counted under their own, so that an app that calls whatever names it is given cannot make totals
-- without end: 500 a client and hour, and those beyond are one table more.
create table waybill.counted_tables (
  hour timestamptz not null,
  client_id text collate "C" not null,
  table_name text collate "C" not null,
  constraint counted_tables_pkey primary key (hour, client_id, table_name)
);

alter table waybill.operation_minutes_by_table enable row level security;
alter table waybill.operation_hours_by_table enable row level security;
alter table waybill.operation_minutes_overall enable row level security;
alter table waybill.operation_hours_overall enable row level security;
alter table waybill.counted_tables enable row level security;
revoke all on table
  waybill.operation_minutes_by_table, waybill.operation_hours_by_table, waybill.operation_minutes_overall,
  waybill.operation_hours_overall, waybill.counted_tables
from public, anon, authenticated, service_role;

-- What was counted before, in the order in which it is read.
insert into waybill.operation_minutes_by_table
select m.minute, m.table_name, m.status, m.latency_bucket, sum(m.operations), sum(m.total_ms)
from waybill.operation_minutes m group by 1, 2, 3, 4 order by 1, 2, 3, 4;
insert into waybill.operation_hours_by_table
select h.hour, h.table_name, h.status, h.latency_bucket, sum(h.operations), sum(h.total_ms)
from waybill.operation_hours h group by 1, 2, 3, 4 order by 1, 2, 3, 4;
insert into waybill.operation_minutes_overall
select m.minute, m.status, m.latency_bucket, sum(m.operations), sum(m.total_ms)
from waybill.operation_minutes_by_table m group by 1, 2, 3 order by 1, 2, 3;
insert into waybill.operation_hours_overall
select h.hour, h.status, h.latency_bucket, sum(h.operations), sum(h.total_ms)
from waybill.operation_hours_by_table h group by 1, 2, 3 order by 1, 2, 3;

-- As 20261124000002_rollups.sql and 20261124000006_totals_at_scale.sql say, in each grain. All but the first step work on
-- the totals of the batch, which are fewer than its operations. A name that came beside others in the same moment may be
-- counted although they are 500 by then.
create or replace function waybill.count_outcomes(outcomes waybill.outcome[]) returns void
language sql volatile security invoker
set search_path = ''
as $$
  with kinds as materialized (
    select
      date_trunc('minute', o.created_at, 'UTC') as minute, o.client_id, o.table_name, o.operation_type, o.status,
      o.model_id, o.schema_version, waybill.latency_bucket(o.execution_time_ms) as latency_bucket,
      count(*) as operations, coalesce(sum(o.execution_time_ms), 0) as total_ms
    from unnest(outcomes) o
    group by 1, 2, 3, 4, 5, 6, 7, 8
  ),
  asked as (
    select distinct date_trunc('hour', k.minute, 'UTC') as hour, k.client_id, k.table_name from kinds k
  ),
  unknown as materialized (
    select a.*, row_number() over (partition by a.hour, a.client_id order by a.table_name) as place
    from asked a
    where not exists (
      select from waybill.counted_tables c
      where c.hour = a.hour and c.client_id = a.client_id and c.table_name = a.table_name
    )
  ),
  refused as materialized (
    select u.hour, u.client_id, u.table_name
    from unknown u
    join (
      select g.hour, g.client_id, (
        select count(*) from waybill.counted_tables c where c.hour = g.hour and c.client_id = g.client_id
      ) as known
      from unknown g group by g.hour, g.client_id
    ) k on k.hour = u.hour and k.client_id = u.client_id
    where k.known + u.place > 500
  ),
  names_done as (
    insert into waybill.counted_tables
    select u.hour, u.client_id, u.table_name from unknown u
    where not exists (
      select from refused r where r.hour = u.hour and r.client_id = u.client_id and r.table_name = u.table_name
    )
    order by 1, 2, 3
    on conflict do nothing
    returning 1
  ),
  minutes as materialized (
    select
      k.minute, k.client_id,
      case when r.table_name is null then k.table_name else '"(further tables)"' end as table_name,
      k.operation_type, k.status, k.model_id, k.schema_version, k.latency_bucket,
      sum(k.operations)::bigint as operations, sum(k.total_ms)::bigint as total_ms
    from kinds k
    left join refused r
      on r.hour = date_trunc('hour', k.minute, 'UTC') and r.client_id = k.client_id and r.table_name = k.table_name
    group by 1, 2, 3, 4, 5, 6, 7, 8
  ),
  by_table as materialized (
    select m.minute, m.table_name, m.status, m.latency_bucket, sum(m.operations) as operations, sum(m.total_ms) as total_ms
    from minutes m group by 1, 2, 3, 4
  ),
  -- No flush may reach for the next grain before it has all of the one before, or two could wait in a circle.
  minutes_done as (
    insert into waybill.operation_minutes as r
    select m.* from minutes m
    where (select count(*) from names_done) is not null
    order by 1, 2, 3, 4, 5, 6, 7, 8
    on conflict on constraint operation_minutes_key do update
    set operations = r.operations + excluded.operations, total_ms = r.total_ms + excluded.total_ms
    returning 1
  ),
  hours_done as (
    insert into waybill.operation_hours as r
    select
      date_trunc('hour', m.minute, 'UTC'), m.client_id, m.table_name, m.operation_type, m.status, m.model_id,
      m.schema_version, m.latency_bucket, sum(m.operations), sum(m.total_ms)
    from minutes m
    where (select count(*) from minutes_done) is not null
    group by 1, 2, 3, 4, 5, 6, 7, 8
    order by 1, 2, 3, 4, 5, 6, 7, 8
    on conflict on constraint operation_hours_key do update
    set operations = r.operations + excluded.operations, total_ms = r.total_ms + excluded.total_ms
    returning 1
  ),
  table_minutes_done as (
    insert into waybill.operation_minutes_by_table as r
    select b.* from by_table b
    where (select count(*) from hours_done) is not null
    order by 1, 2, 3, 4
    on conflict on constraint operation_minutes_by_table_key do update
    set operations = r.operations + excluded.operations, total_ms = r.total_ms + excluded.total_ms
    returning 1
  ),
  table_hours_done as (
    insert into waybill.operation_hours_by_table as r
    select
      date_trunc('hour', b.minute, 'UTC'), b.table_name, b.status, b.latency_bucket, sum(b.operations), sum(b.total_ms)
    from by_table b
    where (select count(*) from table_minutes_done) is not null
    group by 1, 2, 3, 4
    order by 1, 2, 3, 4
    on conflict on constraint operation_hours_by_table_key do update
    set operations = r.operations + excluded.operations, total_ms = r.total_ms + excluded.total_ms
    returning 1
  ),
  overall_minutes_done as (
    insert into waybill.operation_minutes_overall as r
    select b.minute, b.status, b.latency_bucket, sum(b.operations), sum(b.total_ms)
    from by_table b
    where (select count(*) from table_hours_done) is not null
    group by 1, 2, 3
    order by 1, 2, 3
    on conflict on constraint operation_minutes_overall_key do update
    set operations = r.operations + excluded.operations, total_ms = r.total_ms + excluded.total_ms
    returning 1
  )
  insert into waybill.operation_hours_overall as r
  select date_trunc('hour', b.minute, 'UTC'), b.status, b.latency_bucket, sum(b.operations), sum(b.total_ms)
  from by_table b
  where (select count(*) from overall_minutes_done) is not null
  group by 1, 2, 3
  order by 1, 2, 3
  on conflict on constraint operation_hours_overall_key do update
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

-- Not strict, and without a search_path of its own: either would keep it from being inlined. Of null it is null.
create function waybill.middle_of_bucket(bucket smallint) returns integer
language sql immutable parallel safe
as $$
  select greatest(
    pg_catalog.ceil(pg_catalog.power(2::double precision, bucket / 4::double precision) - 1e-9),
    pg_catalog.round(pg_catalog.power(2::double precision, (bucket + 0.5::double precision) / 4))
  )::integer;
$$;

-- As 20261124000006_totals_at_scale.sql says, from the coarsest grain that has the columns asked for and filtered by. Powers
-- and sums are those of floats, which are exact up to 2^53, and the answer is json: numerics and jsonb, made of each of a
-- thousand points, took longer than all else together.
drop function public.operation_stats(timestamptz, timestamptz, text, text[], text, text, text, text, uuid);
drop function waybill.totals_by(
  text[], text, integer, text, timestamptz, timestamptz, text, text, text, text, uuid
);
create function waybill.totals_by(
  key_columns text[], ordering text, most integer, step text, from_time timestamptz, before_time timestamptz,
  for_client text, for_table text, for_type text, for_status text, for_model uuid
) returns json
language plpgsql stable security invoker
set search_path = ''
as $$
declare
  key constant text := (select string_agg(format('%I', k), ', ') from unnest(key_columns) k);
  grain constant text := case
    when for_client is not null or for_type is not null or for_model is not null
      or not key_columns <@ '{everything,at,table_name}' then ''
    when for_table is not null or 'table_name' = any (key_columns) then '_by_table'
    else '_overall'
  end;
  filters constant text := concat_ws(
    ' and ', 't.%2$I >= $1 and t.%2$I < $2',
    case when for_client is not null then 't.client_id = $3' end,
    case when for_table is not null then 't.table_name = $4' end,
    case when for_type is not null then 't.operation_type = $5' end,
    case when for_status is not null then 't.status = $6' end,
    case when for_model is not null then 't.model_id = $7' end
  );
  answer json;
begin
  execute format(
    $query$
      with buckets as (
        select
          %1$s, r.latency_bucket, sum(r.operations::float8) as operations,
          coalesce(sum(r.operations::float8) filter (where r.status = 'error'), 0) as errors,
          coalesce(sum(r.operations::float8) filter (where r.status = 'timeout'), 0) as timeouts,
          sum(r.total_ms::float8) as total_ms
        from (select t.*, t.%2$I as at, true as everything from waybill.%3$I t where $query$ || filters || $query$) r
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
      select coalesce(json_agg(row_to_json(g) order by %5$s), '[]')
      from (select * from groups order by %5$s limit $8) g
    $query$,
    key, step, 'operation_' || step || 's' || grain,
    (
      select string_agg(
        format(
          'waybill.middle_of_bucket(
             min(latency_bucket) filter (where latency_bucket is not null and up_to >= %1$s * timed)
           ) as %2$I',
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

-- As 20261124000005_operation_stats.sql says.
create function public.operation_stats(
  from_time timestamptz, before_time timestamptz, step text, parts text[], for_client text default null,
  for_table text default null, for_type text default null, for_status text default null, for_model uuid default null
) returns json
language plpgsql stable security definer
set search_path = ''
set statement_timeout = '20s'
as $$
declare
  -- each as "name":value
  members text[] := '{}';
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
    members := members || ('"totals":' || coalesce((waybill.totals_by(
      '{everything}', 'operations', 1, step, first_step, before_time, for_client, for_table, for_type, for_status, for_model
    ) -> 0)::text, 'null'));
  end if;
  if 'series' = any (parts) then
    members := members || ('"series":' || waybill.totals_by(
      '{at}', 'at', 1501, step, first_step, before_time, for_client, for_table, for_type, for_status, for_model
    )::text);
  end if;
  if 'tables' = any (parts) then
    members := members || ('"tables":' || waybill.totals_by(
      '{table_name}', 'operations desc, table_name', 20, step, first_step, before_time, for_client, for_table, for_type,
      for_status, for_model
    )::text);
  end if;
  if 'clients' = any (parts) then
    members := members || ('"clients":' || waybill.totals_by(
      '{client_id}', 'operations desc, client_id', 20, step, first_step, before_time, for_client, for_table, for_type,
      for_status, for_model
    )::text);
  end if;
  if 'models' = any (parts) then
    members := members || ('"models":' || waybill.totals_by(
      '{model_id,schema_version}', 'operations desc, model_id, schema_version', 20, step, first_step, before_time,
      for_client, for_table, for_type, for_status, for_model
    )::text);
  end if;
  if 'users' = any (parts) then
    members := members || ('"users":' || coalesce((case
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
    end)::text, 'null'));
  end if;
  if 'errors' = any (parts) then
    members := members || ('"errors":' || waybill.top_errors(
      first_step, before_time, for_client, for_table, for_type, for_status, for_model
    )::text);
  end if;
  return ('{' || array_to_string(members, ',') || '}')::json;
end;
$$;

-- Takes so many at most of each kind of totals a minute that are older than seven days, and of the names counted then.
-- Answers whether there may be more.
create function waybill.purge_minutes(most integer) returns boolean
language plpgsql volatile security invoker
set search_path = ''
as $$
declare
  oldest constant timestamptz := now() - interval '7 days';
  kind text;
  purged bigint;
  more boolean := false;
begin
  foreach kind in array array[
    'operation_minutes', 'operation_minutes_by_table', 'operation_minutes_overall', 'counted_tables'
  ]
  loop
    execute format(
      'delete from waybill.%1$I where ctid = any (array(select o.ctid from waybill.%1$I o where o.%2$I < $1 limit $2))',
      kind, case kind when 'counted_tables' then 'hour' else 'minute' end
    ) using oldest, most;
    get diagnostics purged = row_count;
    more := more or purged = most;
  end loop;
  return more;
end;
$$;

-- As 20261124000003_maintain_operations.sql says.
create or replace function public.maintain_operations(retention_days integer) returns jsonb
language plpgsql volatile security definer
set search_path = ''
-- Whoever waits for the parent's lock keeps everybody behind it waiting too.
set lock_timeout = '2s'
set statement_timeout = '60s'
as $$
declare
  today constant timestamptz := date_trunc('day', now(), 'UTC');
  oldest_id constant uuid := waybill.first_id_of(now() - make_interval(days => retention_days));
  step constant integer := 10000;
  made integer := 0;
  dropped integer := 0;
  moved bigint := 0;
  purged bigint := 0;
  more boolean := false;
  postponed boolean := false;
  day timestamptz;
  expired text;
  outcome jsonb;
begin
  if retention_days is null or retention_days not between 1 and 3650 then
    raise exception 'retention_days must be a whole number from 1 to 3650'
      using errcode = 'invalid_parameter_value', hint = 'Set WAYBILL_OPERATION_RETENTION to a number of days.';
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('waybill.maintain_operations', 0)) then
    return jsonb_build_object(
      'made', 0, 'dropped', 0, 'moved', 0, 'purged', 0, 'more', false, 'postponed', true
    );
  end if;

  -- Days to come, which hold no rows yet: this must not fail because something else does.
  begin
    -- an array, for a loop over the query would keep the tables in use that make_day changes
    foreach day in array array(
      select d from generate_series(today, today + interval '7 days', interval '1 day') d
      where not exists (
        select from waybill.operation_partitions p
        where p.before_id > waybill.first_id_of(d)
          and coalesce(p.from_id < waybill.first_id_of(d + interval '1 day'), true)
      ) and not exists (
        select from waybill.database_operations_default o
        where o.operation_id >= waybill.first_id_of(d)
          and o.operation_id < waybill.first_id_of(d + interval '1 day')
      )
    )
    loop
      moved := moved + waybill.make_day(day);
      made := made + 1;
    end loop;
  exception when lock_not_available or deadlock_detected then
    made := 0;
    moved := 0;
    postponed := true;
  end;

  begin
    select p.name into expired from waybill.operation_partitions p
    where p.before_id <= oldest_id order by p.before_id limit 1;
    if expired is not null then
      execute format('drop table waybill.%I', expired);
      dropped := 1;
      more := exists (select from waybill.operation_partitions p where p.before_id <= oldest_id);
    end if;
  exception when lock_not_available or deadlock_detected then
    postponed := true;
  end;

  -- What came while nobody made partitions, or with a clock that was ahead until today.
  begin
    select date_trunc('day', waybill.moment_of(o.operation_id), 'UTC') into day
    from waybill.database_operations_default o
    where o.operation_id >= oldest_id and o.operation_id < waybill.first_id_of(today + interval '8 days')
    order by o.operation_id limit 1;
    if day is not null and dropped > 0 then
      more := true;
    elsif day is not null then
      moved := moved + waybill.make_day(day);
      made := made + 1;
      more := more or exists (
        select from waybill.database_operations_default o
        where o.operation_id >= oldest_id and o.operation_id < waybill.first_id_of(today + interval '8 days')
      );
    end if;
  exception when lock_not_available or deadlock_detected then
    postponed := true;
  end;

  -- ids are no ranges in the default partition, so its old rows go one by one
  delete from waybill.database_operations_default o
  where o.operation_id in (
    select d.operation_id from waybill.database_operations_default d
    where d.operation_id < oldest_id order by d.operation_id limit step
  );
  get diagnostics purged = row_count;
  more := waybill.purge_minutes(step) or more or purged = step;

  outcome := jsonb_build_object(
    'made', made, 'dropped', dropped, 'moved', moved, 'purged', purged, 'more', more, 'postponed', postponed
  );
  insert into waybill.job_runs as r (job, ran_at, outcome)
  values ('maintain_operations', clock_timestamp(), outcome || jsonb_build_object('retention_days', retention_days))
  on conflict (job) do update set ran_at = excluded.ran_at, outcome = excluded.outcome;
  return outcome;
end;
$$;

revoke all on function
  waybill.middle_of_bucket(smallint), waybill.purge_minutes(integer),
  waybill.totals_by(text[], text, integer, text, timestamptz, timestamptz, text, text, text, text, uuid),
  public.operation_stats(timestamptz, timestamptz, text, text[], text, text, text, text, uuid)
from public, anon, authenticated, service_role;
grant execute on function
  public.operation_stats(timestamptz, timestamptz, text, text[], text, text, text, text, uuid)
to service_role;
