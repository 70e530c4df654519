-- What the processes of one database count together: calls of an address, of an account, failed logins. A counter lives
-- for one window of time. Unlogged: it is worth no log, and a crash of the database may forget it.
create unlogged table waybill.rate_counters (
  counter text not null,
  points integer not null,
  ends_at timestamptz not null,
  constraint rate_counters_pkey primary key (counter)
);
create index rate_counters_ends_at_idx on waybill.rate_counters (ends_at);
alter table waybill.rate_counters enable row level security;

-- Adds points to a counter (or takes some, never below 0) and tells how many it has and how long it lives on. A new one, one
-- whose window has ended, and any when `restart` is set begins with these points and a whole window.
-- Each new one takes two dead ones along, so the table grows no larger than twice what lives.
create function public.count_points(counter_name text, added integer, window_ms integer, restart boolean)
returns jsonb
language plpgsql volatile security definer
set search_path = ''
set lock_timeout = '250ms'
as $$
declare
  counted record;
begin
  if counter_name is null or length(counter_name) not between 1 and 200 then
    raise exception 'counter_name must have 1 to 200 characters' using errcode = 'invalid_parameter_value';
  end if;
  if added is null or added not between -1000000 and 1000000 then
    raise exception 'added must be from -1000000 to 1000000' using errcode = 'invalid_parameter_value';
  end if;
  if window_ms is null or window_ms not between 1 and 86400000 then
    raise exception 'window_ms must be from 1 to 86400000' using errcode = 'invalid_parameter_value';
  end if;
  if restart is null then
    raise exception 'restart must be true or false' using errcode = 'invalid_parameter_value';
  end if;
  insert into waybill.rate_counters as c (counter, points, ends_at)
  values (counter_name, greatest(added, 0), clock_timestamp() + window_ms * interval '1 ms')
  on conflict (counter) do update set
    points = case
      when restart or c.ends_at <= clock_timestamp() then excluded.points
      else least(greatest(c.points + added, 0), 1000000000)
    end,
    ends_at = case when restart or c.ends_at <= clock_timestamp() then excluded.ends_at else c.ends_at end
  -- xmax is 0 in a row that was inserted
  returning c.points, c.ends_at, c.xmax = 0 as is_new into counted;
  if counted.is_new then
    delete from waybill.rate_counters r
    where r.counter = any (array(
      select d.counter from waybill.rate_counters d
      where d.ends_at <= clock_timestamp()
      order by d.ends_at
      limit 2
      for update skip locked
    ));
  end if;
  return jsonb_build_object(
    'points', counted.points,
    'ms_left', greatest(ceil(extract(epoch from counted.ends_at - clock_timestamp()) * 1000), 1)::integer
  );
end;
$$;

revoke all on table waybill.rate_counters from public, anon, authenticated, service_role;
revoke all on function public.count_points(text, integer, integer, boolean) from public, anon, authenticated;
grant execute on function public.count_points(text, integer, integer, boolean) to service_role;
