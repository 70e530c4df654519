-- Rules of the contract that the tables did not hold yet: one row written by hand that breaks one of them, and no list
-- with it could be read any more.

alter table public.data_models
  drop constraint data_models_relationships_shape,
  drop constraint data_models_validation_rules_shape,
  drop constraint data_models_indexes_shape,
  add constraint data_models_relationships_list check (jsonb_typeof(relationships) = 'array'),
  add constraint data_models_validation_rules_list check (jsonb_typeof(validation_rules) = 'array'),
  add constraint data_models_indexes_list check (jsonb_typeof(indexes) = 'array'),
  -- coalesce: what is missing has no type, and a check lets null pass
  add constraint data_models_fields_properties check (
    coalesce(jsonb_typeof(fields -> 'properties') = 'object', false)
  ),
  -- the schemas of Postgres, Supabase and their extensions
  add constraint data_models_table_name_not_schema check (
    table_name <> all (array[
      'auth', 'cron', 'extensions', 'graphql', 'graphql_public', 'information_schema', 'net', 'pgbouncer', 'pgmq',
      'pgsodium', 'pgsodium_masks', 'pgtle', 'realtime', 'storage', 'supabase_functions', 'supabase_migrations', 'vault'
    ])
  );

-- A session begins with an expiry that lies ahead, and its logout comes a microsecond after its last activity at the
-- soonest: the two are never the same moment.
alter table public.authentication_contexts
  drop constraint authentication_contexts_expires_not_before_created,
  add constraint authentication_contexts_expires_after_created check (expires_at > created_at);
