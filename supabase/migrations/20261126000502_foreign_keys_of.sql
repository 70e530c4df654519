-- The foreign keys from and to a table of `public`, by which the Data API embeds rows. Their names tell apart what two
-- tables have in common several times.
create function public.foreign_keys_of(of_table text)
returns table (name text, from_table text, from_columns text[], to_table text, to_columns text[])
language sql stable
set search_path = ''
as $$
  select
    c.conname::text, f.relname::text,
    array(
      select a.attname::text from unnest(c.conkey) with ordinality as k (number, place)
      join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.number
      order by k.place
    ),
    t.relname::text,
    array(
      select a.attname::text from unnest(c.confkey) with ordinality as k (number, place)
      join pg_catalog.pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.number
      order by k.place
    )
  from pg_catalog.pg_constraint c
  join pg_catalog.pg_class f on f.oid = c.conrelid
  join pg_catalog.pg_class t on t.oid = c.confrelid
  where c.contype = 'f' and c.conparentid = 0
    and f.relnamespace = 'public'::regnamespace and t.relnamespace = 'public'::regnamespace
    and of_table in (f.relname, t.relname)
  order by 1, 2
  limit 1000
$$;

revoke all on function public.foreign_keys_of(text) from public, anon, authenticated;
grant execute on function public.foreign_keys_of(text) to service_role;
