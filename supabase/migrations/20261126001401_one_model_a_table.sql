-- A model keeps the table of the version that it has until the change to the next one is made. So no other active model
-- may take that table meanwhile: it would read and change rows that are not its own.

create function waybill.keep_table_to_one_model() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  wanted text[] := array[new.table_name];
  other text;
begin
  if not new.is_active then
    return new;
  end if;
  wanted := wanted || array(
    select v.table_name from public.data_model_versions v
    where v.model_id = new.model_id and v.schema_version = new.applied_version
  );
  select d.model_name into other
  from public.data_models d
  left join public.data_model_versions v on v.model_id = d.model_id and v.schema_version = d.applied_version
  where d.is_active and d.model_id <> new.model_id and (d.table_name = any (wanted) or v.table_name = any (wanted))
  limit 1;
  if other is not null then
    raise exception 'the table is that of the model %', other
      using errcode = '23505', constraint = 'data_models_active_table_name_key', schema = 'public', table = 'data_models';
  end if;
  return new;
end;
$$;
revoke all on function waybill.keep_table_to_one_model() from public, anon, authenticated;

create trigger data_models_keep_table
before insert or update of table_name, applied_version, is_active on public.data_models
for each row execute function waybill.keep_table_to_one_model();
