-- Removes operations of sessions that ended session_days ago or longer (data-model.md: "Operations are cleaned up when
-- session expires"), at most 10,000 a call; answers how many. A session ends when expires_at says, which a
-- logout moves to its own moment. Its row stays, and so do all totals.
-- Operations are at most operation_days old, so sessions that ended a day before that have none left.
create function public.remove_operations_of_ended_sessions(session_days integer, operation_days integer)
returns integer
language plpgsql
security definer
set search_path = ''
set statement_timeout = '60s'
as $$
declare
  step constant integer := 10000;
  removed integer;
begin
  if session_days is null or session_days not between 0 and 3650 then
    raise exception 'session_days must be a whole number from 0 to 3650' using errcode = '22023';
  end if;
  if operation_days is null or operation_days not between 1 and 3650 then
    raise exception 'operation_days must be a whole number from 1 to 3650' using errcode = '22023';
  end if;
  delete from public.database_operations o
  where o.operation_id = any (array(
    select d.operation_id
    from public.authentication_contexts s
    join public.database_operations d on d.session_id = s.session_id
    where s.expires_at <= now() - make_interval(days => session_days)
      and s.expires_at > now() - make_interval(days => operation_days + 1)
    limit step
  ));
  get diagnostics removed = row_count;
  return removed;
end;
$$;

revoke all on function public.remove_operations_of_ended_sessions(integer, integer) from public, anon, authenticated;
grant execute on function public.remove_operations_of_ended_sessions(integer, integer) to service_role;
