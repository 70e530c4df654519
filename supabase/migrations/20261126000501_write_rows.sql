-- Writes of several rows as one, of each row by itself, and of what must not be written twice: what the Data API's own
-- requests cannot say. docs/decisions/data.md

-- What a write that brought a key has answered. Written in the write's own transaction: one is never there without the other.
create table waybill.idempotency_keys (
  user_id uuid not null,
  procedure text not null,
  idempotency_key text not null,
  -- of all that was asked: the same key with another input is refused
  input_hash text not null,
  answer jsonb,
  expires_at timestamptz not null,
  constraint idempotency_keys_pkey primary key (user_id, procedure, idempotency_key)
);
create index idempotency_keys_expires_at_idx on waybill.idempotency_keys (expires_at);
alter table waybill.idempotency_keys enable row level security;
revoke all on table waybill.idempotency_keys from public, anon, authenticated, service_role;

-- What functions that run as their caller need. The Data API does not expose it.
create schema waybill_calls;
revoke all on schema waybill_calls from public, anon, authenticated, service_role;
grant usage on schema waybill_calls to authenticated;

-- Takes a key of the caller's own. Null: it is new, and what it is for may be done. Else the answer that was given. Who
-- comes at the same moment waits here until the first one's transaction has ended.
-- Each new key takes two dead ones along, so the table grows no larger than twice what lives.
create function waybill_calls.claim_key(of_procedure text, of_key text, of_input text) returns jsonb
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
    if exists (select from waybill.idempotency_keys k where k.user_id = caller offset 10000) then
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

-- Keeps the answer beside the key that was taken in this transaction. An answer that stands is never changed.
create function waybill_calls.settle_key(of_procedure text, of_key text, given jsonb) returns void
language sql volatile security definer
set search_path = ''
as $$
  update waybill.idempotency_keys k set answer = given
  where k.user_id = auth.uid() and k.procedure = of_procedure and k.idempotency_key = of_key and k.answer is null;
$$;

-- Writes one row as its caller, whose rights and policies decide: {"row"}, {"where", "changes"} or {"where"}. Names are
-- quoted, values pass as parameters and take their columns' types.
create function waybill_calls.write_row(
  operation text, target text, item jsonb, returned text[], conflict_columns text[]
) returns jsonb
language plpgsql volatile
as $$
declare
  relation constant text := format('public.%I', target);
  given constant jsonb := coalesce(item -> 'row', item -> 'changes', '{}');
  keys constant jsonb := coalesce(item -> 'where', '{}');
  names constant text[] := array(select n from jsonb_object_keys(given) as n);
  -- of no key at all it is "false", and finds nothing
  found_by constant text := coalesce(
    (select string_agg(format('t.%1$I = k.%1$I', n), ' and ') from jsonb_object_keys(keys) as n), 'false'
  );
  answered constant text := format(
    ' returning (select to_jsonb(x) from (select %s) as x)',
    (select string_agg(format('t.%I', n), ', ') from unnest(returned) as n)
  );
  statement text;
  answer jsonb;
  visible boolean;
begin
  if operation in ('create', 'upsert') then
    statement := case when cardinality(names) = 0 then format('insert into %s as t default values', relation) else
      format(
        'insert into %1$s as t (%2$s) select %3$s from jsonb_populate_record(null::%1$s, $1) as r', relation,
        (select string_agg(format('%I', n), ', ') from unnest(names) as n),
        (select string_agg(format('r.%I', n), ', ') from unnest(names) as n)
      )
    end;
    if operation = 'upsert' then
      statement := statement || format(
        ' on conflict (%s) do update set %s',
        (select string_agg(format('%I', n), ', ') from unnest(conflict_columns) as n),
        coalesce(
          (select string_agg(format('%1$I = excluded.%1$I', n), ', ') from unnest(names) as n where n <> all (conflict_columns)),
          (select string_agg(format('%1$I = excluded.%1$I', n), ', ') from unnest(conflict_columns) as n)
        )
      );
    end if;
  elsif operation = 'update' then
    statement := format(
      'update %1$s as t set %2$s from jsonb_populate_record(null::%1$s, $1) as r, jsonb_populate_record(null::%1$s, $2) as k where %3$s',
      relation, (select string_agg(format('%1$I = r.%1$I', n), ', ') from unnest(names) as n), found_by
    );
  elsif operation = 'delete' then
    statement := format(
      'delete from %1$s as t using jsonb_populate_record(null::%1$s, $2) as k where %2$s', relation, found_by
    );
  else
    raise exception 'operation must be create, upsert, update or delete' using errcode = 'invalid_parameter_value';
  end if;
  execute statement || answered into answer using given, keys;
  if answer is not null then
    return jsonb_build_object('row', answer);
  end if;
  if operation in ('update', 'delete') then
    execute format(
      'select exists (select from %1$s as t, jsonb_populate_record(null::%1$s, $1) as k where %2$s)', relation, found_by
    ) into visible using keys;
    raise exception 'no row was changed' using errcode = case when visible then 'WB403' else 'WB404' end;
  end if;
  return jsonb_build_object('row', null);
end;
$$;

-- Writes rows of one table under the caller's row-level security: all or none, or, with `each_alone`, each by itself.
-- Answers {"results": [{"index", "row"} or {"index", "error"}]}. With a key it does so once in 24 hours, and answers the
-- same again. An item says by `index` which one it was of those that the caller sent.
create function public.write_rows(
  operation text,
  target text,
  items jsonb,
  returned text[],
  each_alone boolean default false,
  conflict_columns text[] default null,
  of_procedure text default null,
  idempotency_key text default null,
  input_hash text default null
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
begin
  if jsonb_typeof(items) is distinct from 'array' or jsonb_array_length(items) not between 1 and 1000 then
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
  end if;
  for item in select i from jsonb_array_elements(items) as i loop
    begin
      result := waybill_calls.write_row(operation, target, item, returned, conflict_columns);
    exception when others then
      get stacked diagnostics
        state = returned_sqlstate, said = message_text, why = pg_exception_detail;
      -- what is not about this row fails them all: conflicts of transactions, want of resources, faults of the server
      if not each_alone or state ~ '^(?:08|40|53|54|55|57|58|XX)' then
        -- in the message, since not every Data API passes the hint of every refusal on
        raise exception using errcode = state, message = format('item %s: %s', item -> 'index', said), detail = why;
      end if;
      result := jsonb_build_object('error', jsonb_build_object('code', state, 'message', said, 'details', why));
    end;
    results := results || (result || jsonb_build_object('index', item -> 'index'));
  end loop;
  answer := jsonb_build_object('results', to_jsonb(results));
  if idempotency_key is not null then
    perform waybill_calls.settle_key(of_procedure, idempotency_key, answer);
  end if;
  return answer;
end;
$$;

revoke all on function
  waybill_calls.claim_key(text, text, text), waybill_calls.settle_key(text, text, jsonb),
  waybill_calls.write_row(text, text, jsonb, text[], text[]),
  public.write_rows(text, text, jsonb, text[], boolean, text[], text, text, text)
from public, anon, authenticated, service_role;
grant execute on function
  waybill_calls.claim_key(text, text, text), waybill_calls.settle_key(text, text, jsonb),
  waybill_calls.write_row(text, text, jsonb, text[], text[]),
  public.write_rows(text, text, jsonb, text[], boolean, text[], text, text, text)
to authenticated;
