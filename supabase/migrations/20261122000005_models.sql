-- A model and the row of its version are written together or not at all. PostgREST runs one statement a request, so
-- the two writes are one function. Both run with the caller's rights: service_role's, and nobody else's.

create function public.create_data_model(model jsonb) returns setof public.data_models
language sql volatile security invoker
set search_path = ''
as $$
  with made as (
    insert into public.data_models (
      model_name, table_name, schema_version, fields, relationships, validation_rules, indexes, rls_policies, created_by
    )
    select
      m.model_name, m.table_name, m.schema_version, m.fields, m.relationships, m.validation_rules, m.indexes,
      m.rls_policies, m.created_by
    from jsonb_populate_record(null::public.data_models, model) m
    returning *
  ), kept as (
    insert into public.data_model_versions (
      model_id, schema_version, model_name, table_name, fields, relationships, validation_rules, indexes, rls_policies,
      created_at, created_by
    )
    select
      made.model_id, made.schema_version, made.model_name, made.table_name, made.fields, made.relationships,
      made.validation_rules, made.indexes, made.rls_policies, made.created_at, made.created_by
    from made
  )
  select * from made;
$$;

-- Changes nothing and returns no row when the model is not active, or not at expected_version any more: two who read the same version
-- cannot both replace it. Keys that changes lacks keep their value; `changed_by` names the author of the version.
create function public.update_data_model(id uuid, expected_version text, changes jsonb)
returns setof public.data_models
language sql volatile security invoker
set search_path = ''
as $$
  with changed as (
    update public.data_models m
    set (model_name, table_name, schema_version, fields, relationships, validation_rules, indexes, rls_policies) = (
      select
        c.model_name, c.table_name, c.schema_version, c.fields, c.relationships, c.validation_rules, c.indexes,
        c.rls_policies
      from jsonb_populate_record(m, changes) c
    )
    where m.model_id = id and m.schema_version = expected_version and m.is_active
    returning *
  ), kept as (
    insert into public.data_model_versions (
      model_id, schema_version, model_name, table_name, fields, relationships, validation_rules, indexes, rls_policies,
      created_at, created_by
    )
    select
      changed.model_id, changed.schema_version, changed.model_name, changed.table_name, changed.fields,
      changed.relationships, changed.validation_rules, changed.indexes, changed.rls_policies, changed.updated_at,
      changes ->> 'changed_by'
    from changed
  )
  select * from changed;
$$;

revoke all on function public.create_data_model(jsonb) from public, anon, authenticated;
revoke all on function public.update_data_model(uuid, text, jsonb) from public, anon, authenticated;
grant execute on function public.create_data_model(jsonb) to service_role;
grant execute on function public.update_data_model(uuid, text, jsonb) to service_role;
