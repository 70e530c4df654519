-- What became of each client, and when: the last 100 changes of its phase. Written by the row itself, so that it holds
-- whoever changed it: the process that runs the client, another one that found it dead, a person in the database.
-- The row is written behind every call, and so is this.

create table public.supabase_client_transitions (
  transition_id bigint generated always as identity,
  client_id text not null,
  at timestamptz not null default clock_timestamp(),
  -- null: the row was made
  from_phase text,
  to_phase text not null,

  constraint supabase_client_transitions_pkey primary key (transition_id),
  constraint supabase_client_transitions_client_id_fkey foreign key (client_id)
    references public.supabase_clients (client_id) on delete cascade,
  constraint supabase_client_transitions_from_phase_known check (
    from_phase in ('connected', 'failing', 'disconnected', 'deactivated')
  ),
  constraint supabase_client_transitions_to_phase_known check (
    to_phase in ('connected', 'failing', 'disconnected', 'deactivated')
  ),
  constraint supabase_client_transitions_phase_changes check (from_phase <> to_phase)
);
alter table public.supabase_client_transitions enable row level security;
create index supabase_client_transitions_client_id_idx
  on public.supabase_client_transitions (client_id, transition_id desc);

-- Read only, also for service_role: nobody writes history but the trigger.
revoke all on table public.supabase_client_transitions from public, anon, authenticated, service_role;
grant select on table public.supabase_client_transitions to service_role;

-- As the contract tells it from a row (supabase-client-states.ts, supabaseClientPhase); a test holds them together.
create function waybill.client_phase(c public.supabase_clients) returns text
language sql immutable
set search_path = ''
as $$
  select case
    when (not c.is_active or c.connection_status = 'disconnected') and c.error_count = 0 and c.retry_count = 0
      then 'deactivated'
    when not c.is_active or c.connection_status = 'disconnected' then 'disconnected'
    when c.connection_status = 'error' then 'failing'
    else 'connected'
  end
$$;

create function waybill.note_client_transition() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  was text := case when tg_op = 'UPDATE' then waybill.client_phase(old) end;
  phase text := waybill.client_phase(new);
begin
  if was is not distinct from phase then
    return null;
  end if;
  insert into public.supabase_client_transitions (client_id, from_phase, to_phase) values (new.client_id, was, phase);
  delete from public.supabase_client_transitions t
  where t.client_id = new.client_id and t.transition_id <= (
    select k.transition_id from public.supabase_client_transitions k
    where k.client_id = new.client_id
    order by k.transition_id desc offset 100 limit 1
  );
  return null;
end;
$$;

revoke all on function waybill.client_phase(public.supabase_clients), waybill.note_client_transition()
from public, anon, authenticated, service_role;

create trigger supabase_clients_note_transition
after insert or update of connection_status, is_active, error_count, retry_count on public.supabase_clients
for each row execute function waybill.note_client_transition();
