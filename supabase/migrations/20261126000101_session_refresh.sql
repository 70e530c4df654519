-- One refresh at a time: a refresh token that is used a second time may cost the whole session (docs/decisions/states.md).
-- Whoever refreshes holds the row's lease; every comparison of times is made by the database's clock alone.
alter table public.authentication_contexts
  -- who refreshes, anew at each try; null while nobody does
  add column refresh_holder uuid,
  -- until then nobody else may: the holder's lease, or the pause after a try that failed
  add column refresh_until timestamptz,
  -- tries that failed since the last refresh
  add column refresh_failures smallint not null default 0;

-- Takes the lease of a session whose expiry is the one that was seen. Answers outcome: leased; busy or backing_off, with
-- wait_ms; moved, for a session that is gone or was refreshed or ended since.
create function public.lease_session_refresh(
  session uuid, seen_expires_at timestamptz, lease_holder uuid, lease_seconds double precision
) returns jsonb
language plpgsql volatile security definer
set search_path = ''
set lock_timeout = '2s'
as $$
declare
  stored record;
begin
  if lease_holder is null then
    raise exception 'lease_holder must be given' using errcode = 'invalid_parameter_value';
  end if;
  if lease_seconds is null or lease_seconds not between 0.1 and 600 then
    raise exception 'lease_seconds must be from 0.1 to 600' using errcode = 'invalid_parameter_value';
  end if;
  update public.authentication_contexts s
  set refresh_holder = lease_holder, refresh_until = clock_timestamp() + make_interval(secs => lease_seconds)
  where s.session_id = session and s.expires_at = seen_expires_at
    and (s.refresh_until is null or s.refresh_until <= clock_timestamp());
  if found then
    return jsonb_build_object('outcome', 'leased', 'wait_ms', 0);
  end if;
  select s.expires_at, s.refresh_holder, s.refresh_until into stored
  from public.authentication_contexts s where s.session_id = session;
  if not found or stored.expires_at <> seen_expires_at then
    return jsonb_build_object('outcome', 'moved', 'wait_ms', 0);
  end if;
  return jsonb_build_object(
    'outcome', case when stored.refresh_holder is null and stored.refresh_until is not null then 'backing_off' else 'busy' end,
    'wait_ms', greatest(0, ceil(coalesce(extract(epoch from stored.refresh_until - clock_timestamp()), 0) * 1000))::integer
  );
end;
$$;

-- Gives the lease up. After a failure nobody tries for a pause that doubles from about a second to about a minute;
-- answers how many milliseconds it has. Somebody else's lease is left alone.
create function public.release_session_refresh(session uuid, lease_holder uuid, failed boolean) returns integer
language plpgsql volatile security definer
set search_path = ''
set lock_timeout = '2s'
as $$
declare
  failures integer;
  pause double precision := 0;
begin
  select s.refresh_failures + 1 into failures
  from public.authentication_contexts s where s.session_id = session and s.refresh_holder = lease_holder
  for no key update;
  if not found then
    return 0;
  end if;
  if failed then
    pause := least(60, 0.5 * 2 ^ failures) * (0.5 + random() / 2);
  end if;
  update public.authentication_contexts s
  set
    refresh_holder = null,
    refresh_until = case when failed then clock_timestamp() + make_interval(secs => pause) end,
    refresh_failures = case when failed then least(failures, 10) else s.refresh_failures end
  where s.session_id = session;
  return ceil(pause * 1000)::integer;
end;
$$;

-- Whoever ends a session takes the lease away with it, so that no refresh under way brings the session back.
create function waybill.drop_refresh_of_ended_session() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.refresh_holder := null;
  new.refresh_until := null;
  return new;
end;
$$;
create trigger authentication_contexts_drop_refresh
before update on public.authentication_contexts
for each row when (not new.is_active and new.last_activity >= new.expires_at and new.refresh_until is not null)
execute function waybill.drop_refresh_of_ended_session();

revoke all on function waybill.drop_refresh_of_ended_session() from public, anon, authenticated;
revoke all on function
  public.lease_session_refresh(uuid, timestamptz, uuid, double precision),
  public.release_session_refresh(uuid, uuid, boolean)
from public, anon, authenticated;
grant execute on function
  public.lease_session_refresh(uuid, timestamptz, uuid, double precision),
  public.release_session_refresh(uuid, uuid, boolean)
to service_role;
