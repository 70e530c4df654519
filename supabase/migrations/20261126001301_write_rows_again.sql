-- What was found wrong with keys and batches (docs/decisions/data.md):
-- a user with 10,000 dead keys got no new one, since each attempt took along the dead ones that it removed;
-- what was refused before the database was asked is a part of a key's answer, or a retry judged it anew;
-- a row that a trigger skips ends a batch that is all or none;
-- an answer beyond 4 MiB is not kept for a day: a small request could have many large rows in its answer;
-- a value too large for its index is one row's fault.

create or replace function waybill_calls.claim_key(of_procedure text, of_key text, of_input text) returns jsonb
language plpgsql volatile security definer
set search_path = ''
set lock_timeout = '5s'
as $$
declare
  caller constant uuid := auth.uid();
  stored record;
begin
  if caller is null then
    raise exception 'only a signed-in user has idempotency keys' using errcode = 'insufficient_privilege';
  end if;
  if length(of_key) not between 1 and 200 or length(of_procedure) not between 1 and 100 or length(of_input) <> 43
    or num_nulls(of_key, of_procedure, of_input) > 0
  then
    raise exception 'a key has 1 to 200 characters, with a procedure and a hash of 43' using errcode = 'invalid_parameter_value';
  end if;
  insert into waybill.idempotency_keys as k (user_id, procedure, idempotency_key, input_hash, expires_at)
  values (caller, of_procedure, of_key, of_input, clock_timestamp() + interval '24 hours')
  on conflict (user_id, procedure, idempotency_key) do update
  set input_hash = excluded.input_hash, answer = null, expires_at = excluded.expires_at
  where k.expires_at <= clock_timestamp();
  if found then
    if exists (
      select from waybill.idempotency_keys k
      where k.user_id = caller and k.expires_at > clock_timestamp() offset 10000
    ) then
      raise exception 'a user has at most 10000 idempotency keys a day' using errcode = 'WB429';
    end if;
    delete from waybill.idempotency_keys k
    where (k.user_id, k.procedure, k.idempotency_key) in (
      select d.user_id, d.procedure, d.idempotency_key from waybill.idempotency_keys d
      where d.expires_at <= clock_timestamp()
      order by d.expires_at
      limit 2
      for update skip locked
    );
    return null;
  end if;
  select k.input_hash, k.answer into strict stored from waybill.idempotency_keys k
  where k.user_id = caller and k.procedure = of_procedure and k.idempotency_key = of_key;
  if stored.input_hash <> of_input then
    raise exception 'this key came with another input before' using errcode = 'WB409';
  end if;
  return stored.answer;
end;
$$;

drop function public.write_rows(text, text, jsonb, text[], boolean, text[], text, text, text);

-- Writes rows of one table under the caller's row-level security: all or none, or, with `each_alone`, each by itself.
-- Answers {"results": [{"index", "row"}, {"index", "error"} or {"index", "refused"}]}. With a key it does so once in 24
-- hours, and answers the same again. An item says by `index` which one it was of those that the caller sent. `refused`
-- are items that the caller found wrong already, [{"index", …}]: told again as they are, or the end of all or none.
create function public.write_rows(
  operation text,
  target text,
  items jsonb,
  returned text[],
  each_alone boolean default false,
  conflict_columns text[] default null,
  of_procedure text default null,
  idempotency_key text default null,
  input_hash text default null,
  refused jsonb default '[]'
) returns jsonb
language plpgsql volatile
-- the Data API's own, not an empty one: triggers of the tables run with it
set search_path = public, extensions
as $$
declare
  results jsonb[] := '{}';
  result jsonb;
  answer jsonb;
  item jsonb;
  state text;
  said text;
  why text;
  bytes bigint := octet_length(refused::text);
begin
  if jsonb_typeof(items) is distinct from 'array' or jsonb_typeof(refused) is distinct from 'array'
    or jsonb_array_length(items) + jsonb_array_length(refused) not between 1 and 1000
  then
    raise exception 'items must be an array of 1 to 1000 objects' using errcode = 'invalid_parameter_value';
  end if;
  if idempotency_key is not null then
    answer := waybill_calls.claim_key(of_procedure, idempotency_key, input_hash);
    if answer is not null then
      return answer;
    end if;
  end if;
  if each_alone then
    -- or a row that is wrong would be told of only when all are committed
    set constraints all immediate;
  elsif jsonb_array_length(refused) > 0 then
    raise exception 'an item was refused before' using errcode = 'WB422';
  end if;
  for item in select jsonb_build_object('index', r -> 'index', 'refused', r) from jsonb_array_elements(refused) as r loop
    results := results || item;
  end loop;
  for item in select i from jsonb_array_elements(items) as i loop
    begin
      result := waybill_calls.write_row(operation, target, item, returned, conflict_columns);
      if not each_alone and result -> 'row' = 'null' then
        raise exception 'no row was written' using errcode = 'WB404';
      end if;
    exception when others then
      get stacked diagnostics
        state = returned_sqlstate, said = message_text, why = pg_exception_detail;
      -- what is not about this row fails them all: conflicts of transactions, want of resources, faults of the server
      if not each_alone or state ~ '^(?:08|40|53|55|57|58|XX)' then
        -- in the message, since not every Data API passes the hint of every refusal on
        raise exception using errcode = state, message = format('item %s: %s', item -> 'index', said), detail = why;
      end if;
      result := jsonb_build_object('error', jsonb_build_object('code', state, 'message', said, 'details', why));
    end;
    results := results || (result || jsonb_build_object('index', item -> 'index'));
    if idempotency_key is not null then
      bytes := bytes + octet_length(result::text);
      if bytes > 4194304 then
        raise exception 'an answer that is kept has at most 4 MiB' using errcode = 'WB413';
      end if;
    end if;
  end loop;
  answer := jsonb_build_object('results', to_jsonb(results));
  if idempotency_key is not null then
    perform waybill_calls.settle_key(of_procedure, idempotency_key, answer);
  end if;
  return answer;
end;
$$;

revoke all on function public.write_rows(text, text, jsonb, text[], boolean, text[], text, text, text, jsonb)
from public, anon, authenticated, service_role;
grant execute on function public.write_rows(text, text, jsonb, text[], boolean, text[], text, text, text, jsonb)
to authenticated;
