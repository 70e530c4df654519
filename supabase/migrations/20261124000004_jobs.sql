-- Who runs the jobs, and who still lives. Every comparison of times is made by the database's clock alone.

create table waybill.leases (
  name text not null,
  holder text not null,
  expires_at timestamptz not null,
  constraint leases_pkey primary key (name)
);
alter table waybill.leases enable row level security;

-- Takes the lease when it is free or its time is over, renews it for who holds it. False: somebody else holds it.
create function public.hold_lease(lease text, lease_holder text, lease_seconds double precision) returns boolean
language plpgsql volatile security definer
set search_path = ''
set lock_timeout = '2s'
as $$
begin
  if lease_seconds is null or lease_seconds not between 0.1 and 3600 then
    raise exception 'lease_seconds must be from 0.1 to 3600' using errcode = 'invalid_parameter_value';
  end if;
  insert into waybill.leases as l (name, holder, expires_at)
  values (lease, lease_holder, clock_timestamp() + make_interval(secs => lease_seconds))
  on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
  where l.holder = excluded.holder or l.expires_at <= clock_timestamp();
  return found;
end;
$$;

-- Gives the lease up, for the next one to take it at once. False: it was somebody else's already.
create function public.release_lease(lease text, lease_holder text) returns boolean
language plpgsql volatile security definer
set search_path = ''
set lock_timeout = '2s'
as $$
begin
  delete from waybill.leases l where l.name = lease and l.holder = lease_holder;
  return found;
end;
$$;

create table waybill.client_heartbeats (
  client_id text not null,
  beat_at timestamptz not null,
  -- what the client's row said before it was marked for want of a heartbeat
  marked jsonb,
  constraint client_heartbeats_pkey primary key (client_id),
  constraint client_heartbeats_client_id_fkey foreign key (client_id)
    references public.supabase_clients (client_id) on delete cascade
);
alter table waybill.client_heartbeats enable row level security;

-- The process of these clients lives. One that was taken for dead, and was only slow, gets its row back as it was,
-- unless a person or its own failures took it out of use meanwhile: those change the counters that it was marked with.
create function public.beat_clients(client_ids text[]) returns integer
language plpgsql volatile security definer
set search_path = ''
set lock_timeout = '2s'
as $$
declare
  beaten integer;
begin
  -- in the order of their keys, as all who lock several clients do
  perform from public.supabase_clients c where c.client_id = any (client_ids) order by c.client_id for no key update;
  update public.supabase_clients c
  set
    connection_status = h.marked ->> 'connection_status',
    is_active = true,
    error_count = (h.marked ->> 'error_count')::integer
  from waybill.client_heartbeats h
  where h.client_id = c.client_id and c.client_id = any (client_ids) and h.marked is not null
    and c.connection_status = 'disconnected' and not c.is_active
    and c.error_count = greatest((h.marked ->> 'error_count')::integer, 1)
    and c.retry_count = (h.marked ->> 'retry_count')::integer;
  insert into waybill.client_heartbeats (client_id, beat_at)
  select c.client_id, clock_timestamp() from public.supabase_clients c
  where c.client_id = any (client_ids)
  order by c.client_id
  on conflict (client_id) do update set beat_at = excluded.beat_at, marked = null;
  get diagnostics beaten = row_count;
  return beaten;
end;
$$;

-- Marks the clients whose process showed no life for so long: disconnected, inactive, with an error at least, for
-- without one the row would look like one that a person took out of use (docs/decisions/states.md). A client that never
-- had a heartbeat is left alone: nobody can tell whether it lives. Answers how many it marked.
create function public.disconnect_dead_clients(after_seconds double precision) returns integer
language plpgsql volatile security definer
set search_path = ''
set lock_timeout = '2s'
as $$
declare
  marked_count integer;
begin
  if after_seconds is null or after_seconds not between 0.1 and 86400 then
    raise exception 'after_seconds must be from 0.1 to 86400' using errcode = 'invalid_parameter_value';
  end if;
  with dead as (
    select c.client_id, c.connection_status, c.error_count, c.retry_count
    from public.supabase_clients c
    join waybill.client_heartbeats h on h.client_id = c.client_id
    where c.is_active and h.beat_at < clock_timestamp() - make_interval(secs => after_seconds)
    order by c.client_id
    for no key update of c skip locked
  ),
  noted as (
    update waybill.client_heartbeats h
    set marked = to_jsonb(d) - 'client_id'
    from dead d where d.client_id = h.client_id
  )
  update public.supabase_clients c
  set connection_status = 'disconnected', is_active = false, error_count = greatest(c.error_count, 1)
  from dead d where d.client_id = c.client_id;
  get diagnostics marked_count = row_count;
  return marked_count;
end;
$$;

revoke all on table waybill.leases, waybill.client_heartbeats from public, anon, authenticated, service_role;
revoke all on function
  public.hold_lease(text, text, double precision), public.release_lease(text, text), public.beat_clients(text[]),
  public.disconnect_dead_clients(double precision)
from public, anon, authenticated;
grant execute on function
  public.hold_lease(text, text, double precision), public.release_lease(text, text), public.beat_clients(text[]),
  public.disconnect_dead_clients(double precision)
to service_role;
