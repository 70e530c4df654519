-- What would refuse a row, found out by writing it and taking it back. docs/decisions/data.md

-- Writes one row as its caller, in a subtransaction that is never kept: {} where that went well, else what refused it. Of
-- what it did only the numbers are gone that it took from sequences.
-- Whoever calls it learns what `write_rows` tells of a write, and no more: item is what that one takes.
create function public.try_row(operation text, target text, item jsonb, returned text[]) returns jsonb
language plpgsql volatile
-- the Data API's own, not an empty one: triggers of the tables run with it
set search_path = public, extensions
-- a row that somebody else is just writing is waited for, but not for long
set lock_timeout = '2s'
-- PostgREST puts it before the call; inside of one it would be too late
set statement_timeout = '5s'
as $$
declare
  went_well boolean := false;
  state text;
  said text;
  why text;
begin
  if operation is null or operation not in ('create', 'update') then
    raise exception 'operation must be create or update' using errcode = 'invalid_parameter_value';
  end if;
  begin
    -- or what is deferred would never be looked at
    set constraints all immediate;
    perform waybill_calls.write_row(operation, target, item, returned, null);
    went_well := true;
    raise exception 'taken back';
  exception when others then
    get stacked diagnostics
      state = returned_sqlstate, said = message_text, why = pg_exception_detail;
  end;
  if went_well then
    return '{}';
  end if;
  -- what is not about this row: conflicts of transactions, want of resources, faults of the server
  if state ~ '^(?:08|40|53|54|55|57|58|XX)' then
    raise exception using errcode = state, message = said, detail = why;
  end if;
  return jsonb_build_object('error', jsonb_build_object('code', state, 'message', said, 'details', why));
end;
$$;

revoke all on function public.try_row(text, text, jsonb, text[]) from public, anon, authenticated, service_role;
grant execute on function public.try_row(text, text, jsonb, text[]) to authenticated;

-- Whether `public` has a table of this name, or what can be read like one: a model over it need not be one that Waybill
-- could make a table of.
create function public.has_table(of_table text) returns boolean
language sql stable
set search_path = ''
as $$
  select exists (
    select from pg_catalog.pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relname = of_table and c.relkind in ('r', 'p', 'v', 'm', 'f')
  )
$$;

revoke all on function public.has_table(text) from public, anon, authenticated;
grant execute on function public.has_table(text) to service_role;
