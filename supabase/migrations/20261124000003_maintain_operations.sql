-- The upkeep of the partitions, through the Data API: no direct connection is needed. It is called again and again by
-- the one process that holds the lease of the jobs; two calls at once do no harm, the second one does nothing.

-- What each job did last.
create table waybill.job_runs (
  job text not null,
  ran_at timestamptz not null,
  outcome jsonb not null,
  constraint job_runs_pkey primary key (job)
);
alter table waybill.job_runs enable row level security;
revoke all on table waybill.job_runs from public, anon, authenticated, service_role;

-- The partitions but the default one: from ≤ id < before, from null for the one of all that was there before.
create view waybill.operation_partitions as
select
  c.oid as relation,
  c.relname as name,
  (regexp_match(b.bound, 'FROM \(''([0-9a-f-]+)''\)'))[1]::uuid as from_id,
  (regexp_match(b.bound, 'TO \(''([0-9a-f-]+)''\)'))[1]::uuid as before_id
from pg_inherits i
join pg_class c on c.oid = i.inhrelid
cross join lateral pg_get_expr(c.relpartbound, c.oid) as b (bound)
where i.inhparent = 'public.database_operations'::regclass and b.bound <> 'DEFAULT';
revoke all on table waybill.operation_partitions from public, anon, authenticated, service_role;

-- Makes the partition of a day, and takes what the default one holds of it. Attaching a finished table stops neither
-- readers nor writers of the parent; `partition of` would.
create function waybill.make_day(day timestamptz) returns bigint
language plpgsql volatile security invoker
set search_path = ''
as $$
declare
  name constant text := 'database_operations_' || to_char(day at time zone 'UTC', 'YYYYMMDD');
  from_id constant uuid := waybill.first_id_of(day);
  before_id constant uuid := waybill.first_id_of(day + interval '1 day');
  moved bigint;
begin
  -- In the order in which a removed client takes its operations along, so that the two never wait in a circle.
  lock table public.supabase_clients, public.authentication_contexts, public.data_models in share row exclusive mode;
  lock table waybill.database_operations_default in access exclusive mode;
  execute format('create table waybill.%I (like public.database_operations including all)', name);
  execute format('alter table waybill.%I enable row level security', name);
  execute format('revoke all on table waybill.%I from public, anon, authenticated, service_role', name);
  execute format(
    'with moved as (
       delete from waybill.database_operations_default where operation_id >= $1 and operation_id < $2 returning *
     )
     insert into waybill.%I select * from moved',
    name
  ) using from_id, before_id;
  get diagnostics moved = row_count;
  execute format(
    'alter table public.database_operations attach partition waybill.%I for values from (%L) to (%L)',
    name, from_id, before_id
  );
  return moved;
end;
$$;
revoke all on function waybill.make_day(timestamptz) from public, anon, authenticated, service_role;

-- Makes the partitions of today and of the seven days to come, and removes what is older than retention_days.
-- Of the heavy steps it takes one a call, so that each is a short transaction: drop one day, or move one day's rows out
-- of the default partition. The answer says how many days it made and dropped, how many rows it moved and purged,
-- whether there is `more` to do at once, and whether something was `postponed`, for others held a lock that it needs.
-- Totals a minute are kept for seven days, totals an hour for good.
create function public.maintain_operations(retention_days integer) returns jsonb
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
  purged_minutes bigint;
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
  delete from waybill.operation_minutes m
  where m.ctid = any (array(
    select o.ctid from waybill.operation_minutes o where o.minute < now() - interval '7 days' limit step
  ));
  get diagnostics purged_minutes = row_count;
  more := more or purged = step or purged_minutes = step;

  outcome := jsonb_build_object(
    'made', made, 'dropped', dropped, 'moved', moved, 'purged', purged, 'more', more, 'postponed', postponed
  );
  insert into waybill.job_runs as r (job, ran_at, outcome)
  values ('maintain_operations', clock_timestamp(), outcome || jsonb_build_object('retention_days', retention_days))
  on conflict (job) do update set ran_at = excluded.ran_at, outcome = excluded.outcome;
  return outcome;
end;
$$;

revoke all on function public.maintain_operations(integer) from public, anon, authenticated;
grant execute on function public.maintain_operations(integer) to service_role;

-- The days from today on are there from the start.
select waybill.make_day(d)
from generate_series(date_trunc('day', now(), 'UTC'), date_trunc('day', now(), 'UTC') + interval '7 days', interval '1 day') d
where not exists (
  select from waybill.operation_partitions p where p.from_id is null and p.before_id > waybill.first_id_of(d)
);
