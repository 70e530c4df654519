-- As 20261124000203_slow_operations_faster.sql says, with outlines that are indeed never coarser than shapes. There `eq` and
-- `eq.1` had one outline, as had a filter whose value holds `&b=eq` and two filters: a caller could put its operations
-- into another group, or its shape over that of others. Now each part goes with its length.
create or replace function public.slow_operations(
  range_from timestamptz, range_before timestamptz, id_from uuid, id_before uuid, sort_by text, most integer,
  most_read integer
) returns jsonb
language sql stable
security invoker
set search_path = ''
as $$
  with
  read as (
    (
      select o.operation_id, o.table_name, o.operation_type, o.query_data, o.status, o.execution_time_ms
      from public.database_operations o
      where o.operation_id >= id_from and o.operation_id < id_before
        and o.created_at >= range_from and o.created_at < range_before and o.execution_time_ms is not null
      order by o.operation_id desc
      limit most_read
    )
    union all
    (
      select o.operation_id, o.table_name, o.operation_type, o.query_data, o.status, o.execution_time_ms
      from public.operations_out_of_step o
      where not (o.operation_id >= id_from and o.operation_id < id_before)
        and o.created_at >= range_from and o.created_at < range_before and o.execution_time_ms is not null
      limit most_read
    )
  ),
  outlined as (
    select
      r.*,
      concat_ws(' ', r.query_data ->> 'method', r.query_data ->> 'upsert', (
        select string_agg(concat(length(p.key), ':', p.key, length(v.outline), ':', v.outline), '')
        from jsonb_each(
          case when jsonb_typeof(r.query_data -> 'search') = 'object' then r.query_data -> 'search' else '{}' end
        ) p
        cross join lateral (
          select case
            when jsonb_typeof(p.value) <> 'string' then '=' || p.value::text
            when p.key in ('limit', 'offset') then ''
            when p.key in ('select', 'order', 'on_conflict', 'columns') or right(p.key, 2) = 'or'
              or right(p.key, 3) = 'and' or left(p.value #>> '{}', 4) = 'not.' or left(p.value #>> '{}', 3) = 'is.'
              then '=' || p.value::text
            -- a value without a dot has no operator
            else split_part(p.value #>> '{}', '.', 1) || case when strpos(p.value #>> '{}', '.') > 0 then '.' else '' end
          end as outline
        ) v
      )) collate "C" as outline
    from read r
  ),
  -- materialized, or it would be made for every record after all
  shapes as materialized (
    select o.outline, public.operation_shape(o.query_data) as shape
    from (select distinct on (a.outline) a.outline, a.query_data from outlined a) o
  ),
  groups as (
    select
      r.table_name collate "C" as table_name, r.operation_type collate "C" as operation_type, s.shape collate "C" as shape,
      count(*) as calls,
      count(*) filter (where r.status <> 'success') as failures,
      percentile_disc(0.5) within group (order by r.execution_time_ms) as p50_ms,
      percentile_disc(0.95) within group (order by r.execution_time_ms) as p95_ms,
      max(r.execution_time_ms) as max_ms,
      sum(r.execution_time_ms) as total_ms,
      right(max(lpad(r.execution_time_ms::text, 10, '0') || r.operation_id::text collate "C"), 36)::uuid as slowest_operation_id
    from outlined r
    join shapes s on s.outline = r.outline
    group by 1, 2, 3
  ),
  worst as (
    select g.* from groups g
    order by case when sort_by = 'total_time' then g.total_ms else g.p95_ms end desc, g.total_ms desc,
      g.slowest_operation_id
    limit most
  )
  select jsonb_build_object(
    'records_read', (select count(*) from read),
    'rows', coalesce(
      (
        select jsonb_agg(
          to_jsonb(w) order by case when sort_by = 'total_time' then w.total_ms else w.p95_ms end desc, w.total_ms desc,
            w.slowest_operation_id
        )
        from worst w
      ),
      '[]'
    )
  );
$$;
