-- What has become of a model's table: the version that it has, and every plan that was made to change it. A plan is as
-- mighty as SQL, so it is written by the server alone, and applied by its fingerprint.

-- Null while no plan of Waybill has made the table. Until it catches up with schema_version, rows keep to this version.
alter table public.data_models
  add column applied_version text,
  add constraint data_models_applied_version_semver check (
    applied_version ~ '^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$'
  ),
  drop constraint data_models_table_name_not_waybill,
  add constraint data_models_table_name_not_waybill check (
    table_name !~ '^pg_'
    and table_name <> all (array[
      'supabase_clients', 'database_operations', 'authentication_contexts', 'data_models', 'data_model_versions',
      'model_migrations', 'own_operations'
    ])
  );

create table public.model_migrations (
  -- SHA-256 over all that the plan says, in lower-case hex
  fingerprint text not null,
  -- [{ "model_name", "from", "to" }], versions; "from" or "to" is null where there is no table
  models jsonb not null,
  plan jsonb not null,
  status text not null default 'planned',
  planned_at timestamptz not null default now(),
  planned_by text not null,
  changed_at timestamptz,
  changed_by text,
  -- of its row in supabase_migrations.schema_migrations, while it stands applied
  migration_version text,

  constraint model_migrations_pkey primary key (fingerprint),
  constraint model_migrations_fingerprint_sha256 check (fingerprint ~ '^[0-9a-f]{64}$'),
  constraint model_migrations_models_list check (jsonb_typeof(models) = 'array'),
  constraint model_migrations_status_known check (status in ('planned', 'applied', 'rolled back')),
  constraint model_migrations_changed_when_done check ((status = 'planned') = (changed_at is null))
);
create index model_migrations_planned_at_idx on public.model_migrations (planned_at);
create index model_migrations_models_idx on public.model_migrations using gin (models jsonb_path_ops);
alter table public.model_migrations enable row level security;

revoke all on table public.model_migrations from public, anon, authenticated, service_role;
grant select, insert, delete on table public.model_migrations to service_role;

-- Keeps a plan. Plans that nobody applied go after a week, and before that when more than 200 are there.
create function public.keep_model_migration(migration jsonb) returns setof public.model_migrations
language plpgsql volatile security invoker
set search_path = ''
as $$
begin
  delete from public.model_migrations m
  where m.status = 'planned' and (
    m.planned_at < now() - interval '7 days'
    or m.fingerprint in (
      select o.fingerprint from public.model_migrations o
      where o.status = 'planned' order by o.planned_at desc offset 199
    )
  );
  return query
    insert into public.model_migrations (fingerprint, models, plan, planned_by)
    select m.fingerprint, m.models, m.plan, m.planned_by
    from jsonb_populate_record(null::public.model_migrations, migration) m
    returning *;
end;
$$;

-- Runs in the transaction that changes the tables, as their owner: a table and the version that it is said to have never
-- part. Refuses (WB423) when a model is at another version than the plan starts from.
create function public.record_model_migration(
  of_fingerprint text, way text, by_user text, of_version text default null
) returns void
language plpgsql volatile security invoker
set search_path = ''
as $$
declare
  wanted constant text := case way when 'up' then 'applied' when 'down' then 'rolled back' end;
  found_models jsonb;
  changed integer;
begin
  update public.model_migrations m
  set status = wanted, changed_at = clock_timestamp(), changed_by = by_user,
    migration_version = case way when 'up' then of_version end
  where m.fingerprint = of_fingerprint and (m.status = 'applied') = (way = 'down')
  returning m.models into found_models;
  if found_models is null then
    raise exception 'no such plan waits to be %', wanted using errcode = 'WB423';
  end if;
  update public.data_models d
  set applied_version = case way when 'up' then v.to_version else v.from_version end
  from (
    select e ->> 'model_name' as model_name, e ->> 'from' as from_version, e ->> 'to' as to_version
    from jsonb_array_elements(found_models) e
  ) v
  where d.model_name = v.model_name
    and d.applied_version is not distinct from case way when 'up' then v.from_version else v.to_version end;
  get diagnostics changed = row_count;
  if changed <> jsonb_array_length(found_models) then
    raise exception 'a model is at another version than this plan starts from' using errcode = 'WB423';
  end if;
end;
$$;

revoke all on function public.keep_model_migration(jsonb) from public, anon, authenticated;
revoke all on function public.record_model_migration(text, text, text, text) from public, anon, authenticated, service_role;
grant execute on function public.keep_model_migration(jsonb) to service_role;
