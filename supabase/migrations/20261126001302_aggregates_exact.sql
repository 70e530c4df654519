-- Sums of integers go beyond what a number of JSON tells apart (2^53): as text they stay what they are.
-- And what is asked or told of a column stands under its name, by which a record tells what is secret.

create function waybill_calls.measured(value anyelement) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  -- by itself, since a plan may work out both sides of a condition
  if pg_typeof(value) in ('bigint'::regtype, 'numeric'::regtype) then
    if abs(value::text::numeric) > 9007199254740991 then
      return to_jsonb(value::text);
    end if;
  end if;
  return to_jsonb(value);
end;
$$;

-- A tree of conditions as SQL: {"and"}, {"or"}, {"not"} or {"column", "op", "operand"}. Names are quoted, operands are
-- literals without a type, which take their columns' types. An operand may stand under its column's name: {"<column>"}.
create or replace function waybill_calls.condition(tree jsonb, levels integer default 12) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  parts constant jsonb := coalesce(tree -> 'and', tree -> 'or');
  place constant text := format('t.%I', coalesce(tree ->> 'column', ''));
  given constant jsonb := tree -> 'operand';
  operands constant jsonb := case when jsonb_typeof(given) = 'object' then given -> (tree ->> 'column') else given end;
  operand constant text := operands #>> '{}';
begin
  if levels = 0 then
    raise exception 'conditions must not be nested so deep' using errcode = 'invalid_parameter_value';
  end if;
  if tree ? 'not' then
    return format('(not %s)', waybill_calls.condition(tree -> 'not', levels - 1));
  end if;
  if parts is not null then
    return format('(%s)', (
      select string_agg(waybill_calls.condition(p, levels - 1), case when tree ? 'and' then ' and ' else ' or ' end)
      from jsonb_array_elements(parts) as p
    ));
  end if;
  if coalesce(tree ->> 'op', '') not in ('eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'like', 'ilike', 'contains', 'search', 'is', 'in') then
    raise exception 'a condition has an operator that is known' using errcode = 'invalid_parameter_value';
  end if;
  return case tree ->> 'op'
    when 'eq' then format('%s = %L', place, operand)
    when 'neq' then format('%s <> %L', place, operand)
    when 'gt' then format('%s > %L', place, operand)
    when 'gte' then format('%s >= %L', place, operand)
    when 'lt' then format('%s < %L', place, operand)
    when 'lte' then format('%s <= %L', place, operand)
    when 'like' then format('%s like %L', place, operand)
    when 'ilike' then format('%s ilike %L', place, operand)
    when 'search' then format('%s @@ websearch_to_tsquery(%L)', place, operand)
    when 'contains' then format('%s @> %L', place, operand)
    when 'is' then format('%s is %s', place, case operand when 'true' then 'true' when 'false' then 'false' else 'null' end)
    when 'in' then format('%s in (%s)', place, (
      select string_agg(format('%L', v), ', ') from jsonb_array_elements_text(operands) as v
    ))
  end;
end;
$$;

-- Groups of rows, each {"<column>", "<measure>"}. `measures` are [{"name", "op", "column", "under"}], `order_by` names of
-- either. What is measured stands under a name of its own where one is given: {"<measure>": {"<under>"}}.
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
    select format(
      case when m ->> 'under' is null then '%1$L, waybill_calls.measured(x.%1$I)'
        else '%1$L, jsonb_build_object(%2$L, waybill_calls.measured(x.%1$I))' end,
      m ->> 'name', m ->> 'under'
    )
    from jsonb_array_elements(measures) as m
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
