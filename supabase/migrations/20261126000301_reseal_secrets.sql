-- For the change of the encryption key: finds secrets at rest that another key sealed (v1:<key id>:…), and puts new
-- ciphertexts in their place where the old ones still stand. The server alone can open and seal them.

create function public.sessions_sealed_otherwise(key_id text, page integer, after_row uuid default null)
returns table (session_id uuid, access_token text, refresh_token text)
language sql stable
set search_path = ''
as $$
  select s.session_id, s.access_token, s.refresh_token
  from public.authentication_contexts s
  where (after_row is null or s.session_id > after_row)
    and not (
      starts_with(s.access_token, 'v1:' || key_id || ':') and starts_with(s.refresh_token, 'v1:' || key_id || ':')
    )
  order by s.session_id
  limit page
$$;

create function public.clients_sealed_otherwise(key_id text, page integer, after_row text default null)
returns table (client_id text, supabase_key text)
language sql stable
set search_path = ''
as $$
  select c.client_id, c.supabase_key
  from public.supabase_clients c
  where (after_row is null or c.client_id > after_row) and not starts_with(c.supabase_key, 'v1:' || key_id || ':')
  order by c.client_id
  limit page
$$;

-- changes: [{"before": <row as it was found>, "after": <the same with new ciphertexts>}]
create function public.reseal_sessions(changes jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  changed integer;
begin
  update public.authentication_contexts s
  set access_token = c.after ->> 'access_token', refresh_token = c.after ->> 'refresh_token'
  from jsonb_to_recordset(changes) as c (before jsonb, after jsonb)
  where s.session_id = (c.before ->> 'session_id')::uuid
    and s.access_token = c.before ->> 'access_token'
    and s.refresh_token = c.before ->> 'refresh_token';
  get diagnostics changed = row_count;
  return changed;
end;
$$;

create function public.reseal_clients(changes jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  changed integer;
begin
  update public.supabase_clients s
  set supabase_key = c.after ->> 'supabase_key'
  from jsonb_to_recordset(changes) as c (before jsonb, after jsonb)
  where s.client_id = c.before ->> 'client_id' and s.supabase_key = c.before ->> 'supabase_key';
  get diagnostics changed = row_count;
  return changed;
end;
$$;

revoke all on function
  public.sessions_sealed_otherwise(text, integer, uuid),
  public.clients_sealed_otherwise(text, integer, text),
  public.reseal_sessions(jsonb),
  public.reseal_clients(jsonb)
from public, anon, authenticated;
grant execute on function
  public.sessions_sealed_otherwise(text, integer, uuid),
  public.clients_sealed_otherwise(text, integer, text),
  public.reseal_sessions(jsonb),
  public.reseal_clients(jsonb)
to service_role;
