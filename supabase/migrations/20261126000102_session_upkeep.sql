-- What becomes of sessions while nobody calls, and what is noted of those that are used.

-- those that are not over for good, the longest unused first
create index authentication_contexts_idle_idx on public.authentication_contexts (last_activity)
  where is_active or last_activity < expires_at;

-- Activity of many sessions at once: forwards only, and of active ones, before their expiry; answers how many it noted.
create function public.touch_sessions(session_ids uuid[], moments timestamptz[]) returns integer
language plpgsql volatile security definer
set search_path = ''
set lock_timeout = '2s'
as $$
declare
  touched integer;
begin
  with used as (
    -- in the order of their keys, as all who lock several sessions do
    select s.session_id, t.moment
    from unnest(session_ids, moments) t (session_id, moment)
    join public.authentication_contexts s on s.session_id = t.session_id
    where s.is_active and s.last_activity < t.moment and t.moment < s.expires_at
    order by s.session_id
    for no key update of s
  )
  update public.authentication_contexts s set last_activity = u.moment from used u where u.session_id = s.session_id;
  get diagnostics touched = row_count;
  return touched;
end;
$$;

-- Expiration (data-model.md §3): takes sessions past their expiry out of use; they may be refreshed still. Those that
-- nobody used for idle_days are over for good, as after a logout (docs/decisions/states.md). At most 10,000 of each a call.
create function public.expire_sessions(idle_days integer) returns jsonb
language plpgsql volatile security definer
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '60s'
as $$
declare
  step constant integer := 10000;
  moment constant timestamptz := clock_timestamp();
  expired integer;
  ended integer;
begin
  if idle_days is null or idle_days not between 1 and 365 then
    raise exception 'idle_days must be a whole number from 1 to 365' using errcode = 'invalid_parameter_value';
  end if;
  with idle as (
    select s.session_id from public.authentication_contexts s
    where (s.is_active or s.last_activity < s.expires_at) and s.last_activity <= moment - make_interval(days => idle_days)
    order by s.session_id
    limit step
    for no key update skip locked
  )
  update public.authentication_contexts s
  set is_active = false, last_activity = moment, expires_at = least(s.expires_at, moment)
  from idle i where i.session_id = s.session_id;
  get diagnostics ended = row_count;
  with due as (
    select s.session_id from public.authentication_contexts s
    where s.is_active and s.expires_at <= moment
    order by s.session_id
    limit step
    for no key update skip locked
  )
  update public.authentication_contexts s set is_active = false from due d where d.session_id = s.session_id;
  get diagnostics expired = row_count;
  return jsonb_build_object('expired', expired, 'ended', ended, 'more', greatest(expired, ended) = step);
end;
$$;

revoke all on function public.touch_sessions(uuid[], timestamptz[]), public.expire_sessions(integer)
from public, anon, authenticated;
grant execute on function public.touch_sessions(uuid[], timestamptz[]), public.expire_sessions(integer) to service_role;
