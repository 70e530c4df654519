-- Ends all sessions of a user, or all but one, in one statement: by the rule of a single logout (states.md), which no
-- filter of PostgREST can say, since an expired session, whose columns alone tell that it may be refreshed, must end too.
create function public.end_sessions(of_user text, ended_at timestamptz, but_not uuid default null)
returns setof uuid
language sql
set search_path = ''
as $$
  update public.authentication_contexts as s
  set
    is_active = false,
    last_activity = greatest(ended_at, s.last_activity + interval '1 microsecond'),
    expires_at = least(s.expires_at, greatest(ended_at, s.last_activity + interval '1 microsecond'))
  where s.user_id = of_user
    and (s.is_active or s.last_activity < s.expires_at)
    and s.session_id is distinct from but_not
  returning s.session_id;
$$;

revoke all on function public.end_sessions(text, timestamptz, uuid) from public, anon, authenticated;
grant execute on function public.end_sessions(text, timestamptz, uuid) to service_role;
