-- A change of a model is heard by whoever listens, and seen by whoever asks. docs/decisions/model-watch.md

-- Which model it was and no more: who hears it reads the model under its own rights.
create function waybill.tell_model_change() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op <> 'INSERT' then
    perform pg_notify('waybill_models', old.model_name);
  end if;
  if tg_op <> 'DELETE' then
    -- the same twice in one transaction is told once
    perform pg_notify('waybill_models', new.model_name);
  end if;
  return null;
end;
$$;
revoke all on function waybill.tell_model_change() from public, anon, authenticated;

create trigger data_models_tell_change
after insert or update or delete on public.data_models
for each row execute function waybill.tell_model_change();

-- {"<model_name>": "<mark>"}: a mark is another one after every change of the row, whatever column it was. A name that is
-- not there has none.
create function public.model_marks(names text[]) returns jsonb
language sql stable security invoker
set search_path = ''
as $$
  select coalesce(jsonb_object_agg(m.model_name, m.xmin::text), '{}')
  from public.data_models m
  where m.model_name = any (names);
$$;
revoke all on function public.model_marks(text[]) from public, anon, authenticated;
grant execute on function public.model_marks(text[]) to service_role;
