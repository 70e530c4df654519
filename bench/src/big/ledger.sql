-- What a busy ledger holds: a few clients, some tables more in use than others, mostly reads, few failures. In a schema of
-- its own, which goes with the database of the benchmark.
create schema bench;

insert into public.supabase_clients (client_id, supabase_url, supabase_key, client_type)
select
  'gateway-' || n || '/' || kind, 'https://example.supabase.co', 'v1:bench:' || repeat('x', 40), kind
from generate_series(1, 2) n, unnest(array['service_role', 'anon']) kind;

-- 200 users, each with two sessions
insert into public.authentication_contexts (
  session_id, user_id, access_token, refresh_token, token_hash, expires_at
)
select
  md5('session' || n)::uuid, md5('user' || n % 200)::uuid::text, 'v1:bench:' || repeat('x', 40),
  'v1:bench:' || repeat('x', 40), md5('a' || n) || md5('b' || n), now() + interval '1 hour'
from generate_series(0, 399) n;

-- 14 tables, ten of them models
create table bench.tables as
select n, 'table_' || n as name, case when n < 10 then md5('model' || n)::uuid end as model_id
from generate_series(0, 13) n;
insert into public.data_models (model_id, model_name, table_name, schema_version, fields, created_by)
select t.model_id, t.name, t.name, '1.1.0', '{"type": "object", "properties": {"id": {}}}', 'bench'
from bench.tables t where t.model_id is not null;

-- So many operations at even distances from one time to another. Those of a model run under either of two versions: two
-- processes that are not of one age.
create function bench.operations(from_time timestamptz, before_time timestamptz, operations integer)
returns setof public.database_operations
language sql volatile
as $$
  select
    (
      lpad(to_hex(floor(extract(epoch from o.at) * 1000)::bigint), 12, '0') || '7'
      || right(replace(gen_random_uuid()::text, '-', ''), 19)
    )::uuid,
    (array['gateway-1/service_role', 'gateway-1/anon', 'gateway-2/service_role', 'gateway-2/anon'])[
      case when o.client < 0.5 then 1 when o.client < 0.75 then 2 when o.client < 0.95 then 3 else 4 end
    ],
    o.type,
    t.name,
    jsonb_build_object(
      'method', case o.type when 'read' then 'GET' else 'POST' end,
      'search', jsonb_build_object('select', 'id,name,city,country', 'id', 'eq.' || o.n, 'limit', '10')
    ),
    case when o.status = 'success' then jsonb_build_object(
      'rows', jsonb_build_array(
        jsonb_build_object('id', o.n, 'iata', 'LAX', 'name', 'Los Angeles International', 'city', md5(o.n::text), 'note', repeat('x', 120))
      )
    ) end,
    o.status,
    case o.status
      when 'error' then 'duplicate key value violates unique constraint "' || t.name || '_pkey"'
      when 'timeout' then 'no answer within 60000 ms'
    end,
    o.ms,
    o.at,
    o.at + o.ms * interval '1 ms',
    case when o.person < 180 then md5('user' || o.person)::uuid::text end,
    gen_random_uuid()::text,
    case when o.person < 180 then md5('session' || (o.person + 200 * (o.n % 2)))::uuid end,
    t.model_id,
    case when t.model_id is not null then case when o.version < 0.7 then '1.1.0' else '1.0.0' end end,
    1
  from (
    select
      d.*,
      case
        when d.status = 'timeout' then 60000
        -- reads are faster than writes, and each table has its own pace
        else greatest(1, (exp(d.spread * 0.6) * (3 + d.table_no) * case d.type when 'read' then 1 else 2 end)::integer)
      end as ms
    from (
      select
        n,
        from_time + (before_time - from_time) * ((n - 1) / operations::double precision) as at,
        floor(14 * power(random(), 2))::integer as table_no,
        random() as client,
        random() as version,
        floor(random() * 200)::integer as person,
        random_normal() as spread,
        case
          when kind < 0.8 then 'read' when kind < 0.9 then 'create' when kind < 0.97 then 'update'
          when kind < 0.99 then 'delete' else 'real_time'
        end as type,
        case when luck < 0.0005 then 'timeout' when luck < 0.0105 then 'error' else 'success' end as status
      from (
        select n, random() as kind, random() as luck from generate_series(1, operations) n
      ) dice
    ) d
  ) o
  join bench.tables t on t.n = o.table_no
$$;

-- The same into the ledger at once, and into its totals.
create function bench.store(from_time timestamptz, before_time timestamptz, operations integer) returns void
language sql volatile
as $$
  with stored as (
    insert into public.database_operations
    select * from bench.operations(from_time, before_time, operations)
    returning
      client_id, table_name, operation_type, status, model_id, schema_version, user_id, execution_time_ms, created_at
  )
  select waybill.count_outcomes(array_agg(s::waybill.outcome)) from stored s
$$;

-- Each table, not the partitioned one, for which nobody makes statistics by itself.
create function bench.analyze_tables() returns void
language plpgsql volatile
as $$
declare
  name regclass;
begin
  for name in
    select c.oid from pg_class c where c.relkind = 'r' and c.relnamespace in ('public'::regnamespace, 'waybill'::regnamespace)
  loop
    execute format('analyze %s', name);
  end loop;
end;
$$;
