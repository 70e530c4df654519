-- Who still uses which version of a model, and which of its columns: from the newest most_read records of the model in the range. A
-- version's columns are told by name in what a query asks for, filters and orders by, and in the rows that it writes.
create function public.model_usage(
  id uuid, range_from timestamptz, range_before timestamptz, most_callers integer, most_read integer
) returns jsonb
language sql stable
security invoker
set search_path = ''
as $$
  with
  read as (
    select o.schema_version, o.user_id, o.operation_type, o.created_at, o.query_data
    from public.database_operations o
    where o.model_id = id and o.schema_version is not null
      and o.created_at >= range_from and o.created_at < range_before
    order by o.created_at desc
    limit most_read
  ),
  versions as (
    select
      r.schema_version, count(*) as operations, count(*) filter (where r.operation_type <> 'read') as writes,
      count(distinct r.user_id) as callers, max(r.created_at) as last_used_at
    from read r
    group by r.schema_version
  ),
  callers as (
    select
      c.*,
      row_number() over (partition by c.schema_version order by c.operations desc, c.user_id collate "C") as place
    from (
      select r.schema_version, r.user_id, count(*) as operations, max(r.created_at) as last_used_at
      from read r
      where r.user_id is not null
      group by r.schema_version, r.user_id
    ) c
  ),
  -- one for all queries that differ in their values alone
  texts as (
    select w.schema_version, w.words, w.user_id, count(*) as operations
    from (
      select
        r.schema_version, r.user_id,
        concat_ws(' ', public.operation_shape(r.query_data), (
          select string_agg(k.name, ' ' order by k.name collate "C")
          from jsonb_object_keys(
            case
              when jsonb_typeof(r.query_data -> 'body') = 'object' then r.query_data -> 'body'
              when jsonb_typeof(r.query_data -> 'body' -> 0) = 'object' then r.query_data -> 'body' -> 0
              else '{}'
            end
          ) k (name)
        )) as words
      from read r
    ) w
    group by w.schema_version, w.words, w.user_id
  ),
  fields as (
    select t.schema_version, c.name, sum(t.operations) as operations, count(distinct t.user_id) as callers
    from texts t
    join public.data_model_versions v on v.model_id = id and v.schema_version = t.schema_version
    -- names of columns are letters, digits and underscores, so they mean themselves in a pattern
    join lateral jsonb_object_keys(v.fields -> 'properties') c (name)
      on t.words ~ ('(^|[^[:alnum:]_])' || c.name || '([^[:alnum:]_]|$)')
    group by t.schema_version, c.name
  )
  select jsonb_build_object(
    'records_read', (select count(*) from read),
    'versions', coalesce((
      select jsonb_agg(jsonb_build_object(
        'schema_version', v.schema_version,
        'operations', v.operations,
        'writes', v.writes,
        'callers', v.callers,
        'last_used_at', v.last_used_at,
        'most_active', coalesce((
          select jsonb_agg(jsonb_build_object(
            'user_id', c.user_id, 'operations', c.operations, 'last_used_at', c.last_used_at
          ) order by c.place)
          from callers c where c.schema_version = v.schema_version and c.place <= most_callers
        ), '[]'),
        'fields', coalesce((
          select jsonb_agg(jsonb_build_object('name', f.name, 'operations', f.operations, 'callers', f.callers)
            order by f.operations desc, f.name collate "C")
          from fields f where f.schema_version = v.schema_version
        ), '[]')
      ) order by v.last_used_at desc)
      from versions v
    ), '[]')
  );
$$;
revoke all on function public.model_usage(uuid, timestamptz, timestamptz, integer, integer)
from public, anon, authenticated;
grant execute on function public.model_usage(uuid, timestamptz, timestamptz, integer, integer) to service_role;
