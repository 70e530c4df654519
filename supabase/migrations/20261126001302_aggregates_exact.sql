-- Sums of integers go beyond what a number of JSON tells apart (2^53): as text they stay what they are.

create function waybill_calls.measured(value anyelement) returns jsonb
language sql immutable
set search_path = ''
as $$
  select case
    when pg_typeof(value) in ('bigint'::regtype, 'numeric'::regtype) and abs(value::text::numeric) > 9007199254740991
    then to_jsonb(value::text)
    else to_jsonb(value)
  end
$$;

-- Groups of rows, each {"<column>", "<measure>"}. `measures` are [{"name", "op", "column"}], `order_by` names of either.
create or replace function public.aggregate_rows(
  target text, groups text[], measures jsonb, conditions jsonb, order_by jsonb, most integer
) returns jsonb
language plpgsql stable
set search_path = public, extensions
as $$
declare
  shown text[];
  told text[];
  filter constant text := case when conditions is not null then waybill_calls.condition(conditions) end;
  answer jsonb;
begin
  shown := array(select format('t.%1$I as %1$I', g) from unnest(groups) as g) || array(
    select format(
      '%s as %I',
      case m ->> 'op'
        when 'count' then case when m ->> 'column' is null then 'count(*)' else format('count(t.%I)', m ->> 'column') end
        when 'min' then format('min(t.%I)', m ->> 'column')
        when 'max' then format('max(t.%I)', m ->> 'column')
        when 'sum' then format('sum(t.%I)', m ->> 'column')
        when 'avg' then format('avg(t.%I)', m ->> 'column')
      end,
      m ->> 'name'
    )
    from jsonb_array_elements(measures) as m
  );
  told := array(select format('%1$L, to_jsonb(x.%1$I)', g) from unnest(groups) as g) || array(
    select format('%1$L, waybill_calls.measured(x.%1$I)', m ->> 'name') from jsonb_array_elements(measures) as m
  );
  execute concat(
    'select coalesce(jsonb_agg(jsonb_build_object(', array_to_string(told, ', '), ')), ''[]'') from (select ',
    array_to_string(shown, ', '),
    format(' from public.%I as t', target),
    ' where ' || filter,
    ' group by ' || (select string_agg(format('t.%I', g), ', ') from unnest(groups) as g),
    ' order by ' || (
      select string_agg(
        format('%I %s nulls last', o ->> 'name', case when o ->> 'direction' = 'desc' then 'desc' else 'asc' end), ', '
        order by place
      )
      from jsonb_array_elements(order_by) with ordinality as e (o, place)
    ),
    format(' limit %s) as x', least(greatest(most, 0), 1001))
  ) into answer;
  return answer;
end;
$$;

revoke all on function waybill_calls.measured(anyelement) from public, anon, authenticated, service_role;
grant execute on function waybill_calls.measured(anyelement) to authenticated;
