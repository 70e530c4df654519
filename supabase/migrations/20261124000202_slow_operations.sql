-- Which kinds of operations take the time. For the service key alone: what is grouped here belongs to all users.

-- A query without its values: method, columns, operators and order, in the order of the parameters' names.
create function public.operation_shape(query_data jsonb) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select concat_ws(
    ' ',
    query_data ->> 'method',
    case when query_data ->> 'upsert' = 'true' then 'upsert' end,
    case
      when query_data -> 'search' -> 'truncated' = 'true' then '(longer than what a record keeps)'
      else (
        select string_agg(
          left(
            p.key || '=' || case
              when p.key in ('select', 'order', 'on_conflict', 'columns') then v.value
              when p.key in ('limit', 'offset') then '?'
              when p.key ~ '(^|\.)(and|or)$' then regexp_replace(
                v.value,
                '((?:^|[.(,])(?:not\.)?(?:eq|neq|gte?|lte?|i?like|i?match|isdistinct|in|cs|cd|ov|sl|sr|nxl|nxr|adj|fts|plfts|phfts|wfts)(?:\(\w+\))?)\.("(?:[^"\\]|\\.)*"|\{[^}]*\}|\([^)]*\)|[^,()]*)',
                '\1.?', 'g'
              )
              when v.value ~ '^(not\.)?is\.' then v.value
              else coalesce(substring(v.value from '^((?:not\.)?[a-z]+(?:\(\w+\))?)\.') || '.?', '?')
            end,
            300
          ),
          '&' order by p.key, v.value collate "C"
        )
        from jsonb_each(
          case when jsonb_typeof(query_data -> 'search') = 'object' then query_data -> 'search' else '{}' end
        ) p
        cross join lateral jsonb_array_elements_text(
          case when jsonb_typeof(p.value) = 'array' then p.value else jsonb_build_array(p.value) end
        ) v
      )
    end
  );
$$;
revoke all on function public.operation_shape(jsonb) from public, anon, authenticated;
grant execute on function public.operation_shape(jsonb) to service_role;

-- The slowest groups of (table, type, shape) among finished operations of a time range, by sort_by: p95 or total_time.
-- id_from and id_before are the range as bounds of operation_id. At most most_read records are looked at, the newest.
create function public.slow_operations(
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
  groups as (
    select
      r.table_name, r.operation_type, public.operation_shape(r.query_data) as shape,
      count(*) as calls,
      count(*) filter (where r.status <> 'success') as failures,
      percentile_disc(0.5) within group (order by r.execution_time_ms) as p50_ms,
      percentile_disc(0.95) within group (order by r.execution_time_ms) as p95_ms,
      max(r.execution_time_ms) as max_ms,
      sum(r.execution_time_ms) as total_ms,
      (array_agg(r.operation_id order by r.execution_time_ms desc, r.operation_id desc))[1] as slowest_operation_id
    from read r
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
revoke all on function public.slow_operations(timestamptz, timestamptz, uuid, uuid, text, integer, integer)
from public, anon, authenticated;
grant execute on function public.slow_operations(timestamptz, timestamptz, uuid, uuid, text, integer, integer)
to service_role;

-- The plan of a recorded query, and the indexes that index_advisor would make for it. The query is put together anew
-- from its table, columns, operators and order; values are parameters, so none is needed and nothing is run.
-- Each half of the answer is there, or says why not.
create function public.advise_operation(id uuid) returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  operation record;
  relation regclass;
  parameter record;
  known boolean;
  operator text;
  parameters integer := 0;
  conditions text[] := '{}';
  ordering text[] := '{}';
  left_out text[] := '{}';
  statement text;
  line text;
  lines text[] := '{}';
  plan jsonb;
  indexes jsonb;
  advisor text;
  proposed text[];
begin
  select o.table_name, o.operation_type, o.query_data -> 'search' as search into operation
  from public.database_operations o where o.operation_id = id;
  relation := case
    when operation.table_name is null then null
    when operation.table_name like '%.%' then to_regclass(operation.table_name)
    else to_regclass('public.' || operation.table_name)
  end;
  if relation is null or operation.operation_type not in ('read', 'update', 'delete')
    or jsonb_typeof(operation.search) is distinct from 'object' or operation.search ? 'truncated' then
    return jsonb_build_object(
      'statement', null,
      'plan', jsonb_build_object('available', false, 'reason', 'it is no query of a table that is still there'),
      'indexes', jsonb_build_object('available', false, 'reason', 'it is no query of a table that is still there')
    );
  end if;

  for parameter in
    select p.key, v.value from jsonb_each(operation.search) p
    cross join lateral jsonb_array_elements_text(
      case when jsonb_typeof(p.value) = 'array' then p.value else jsonb_build_array(p.value) end
    ) v
  loop
    continue when parameter.key in ('select', 'limit', 'offset', 'on_conflict', 'columns');
    if parameter.key = 'order' then
      select array_agg(format('o.%I %s', a.attname, case when place like '%.desc%' then 'desc' else 'asc' end) order by n)
      into ordering
      from unnest(string_to_array(parameter.value, ',')) with ordinality as places (place, n)
      join pg_catalog.pg_attribute a
        on a.attrelid = relation and a.attname = split_part(place, '.', 1) and a.attnum > 0 and not a.attisdropped;
      continue;
    end if;
    known := exists (
      select from pg_catalog.pg_attribute a
      where a.attrelid = relation and a.attname = parameter.key and a.attnum > 0 and not a.attisdropped
    );
    operator := substring(parameter.value from '^([a-z]+)\.');
    if known and parameter.value ~ '^(not\.)?is\.null' then
      conditions := conditions || format(
        'o.%I is %s', parameter.key, case when parameter.value like 'not.%' then 'not null' else 'null' end
      );
    elsif known and operator in ('eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'like', 'ilike', 'in') then
      parameters := parameters + 1;
      conditions := conditions || format(
        'o.%I %s', parameter.key,
        case operator
          when 'eq' then '= $' when 'neq' then '<> $' when 'gt' then '> $' when 'gte' then '>= $' when 'lt' then '< $'
          when 'lte' then '<= $' when 'like' then 'like $' when 'ilike' then 'ilike $' else '= any ($'
        end || parameters || case when operator = 'in' then ')' else '' end
      );
    else
      left_out := left_out || parameter.key;
    end if;
  end loop;

  statement := format('select * from %s o', relation)
    || case when conditions = '{}' then '' else ' where ' || array_to_string(conditions, ' and ') end
    || case when coalesce(ordering, '{}') = '{}' then '' else ' order by ' || array_to_string(ordering, ', ') end
    || case when operation.search ? 'limit' then ' limit 100' else '' end;

  if current_setting('server_version_num')::integer < 160000 then
    plan := jsonb_build_object('available', false, 'reason', 'EXPLAIN without values needs PostgreSQL 16 or later');
  else
    begin
      for line in execute 'explain (generic_plan) ' || statement loop
        lines := lines || line;
      end loop;
      plan := jsonb_build_object('available', true, 'text', array_to_string(lines, e'\n'));
    exception when others then
      plan := jsonb_build_object('available', false, 'reason', 'the database refused to explain it: ' || sqlerrm);
    end;
  end if;

  advisor := coalesce(to_regprocedure('extensions.index_advisor(text)'), to_regprocedure('public.index_advisor(text)'));
  if advisor is null then
    indexes := jsonb_build_object(
      'available', false,
      'reason', 'the extension index_advisor is not installed: create extension index_advisor cascade'
    );
  else
    begin
      execute format('select a.index_statements from %s a', replace(advisor, '(text)', '($1)')) into proposed
      using statement;
      indexes := jsonb_build_object('available', true, 'statements', to_jsonb(coalesce(proposed, '{}')));
    exception when others then
      indexes := jsonb_build_object('available', false, 'reason', 'index_advisor failed: ' || sqlerrm);
    end;
  end if;

  return jsonb_build_object(
    'statement', statement, 'left_out', to_jsonb(left_out), 'plan', plan, 'indexes', indexes
  );
end;
$$;
revoke all on function public.advise_operation(uuid) from public, anon, authenticated;
grant execute on function public.advise_operation(uuid) to service_role;
