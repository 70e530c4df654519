-- The demo's two tables: airports and the routes between them (npm vega-datasets). `supabase db push` leaves them out
-- unless it is told --include-seed. Running this twice changes nothing.

create table if not exists public.airports (
  iata text not null,
  name text not null,
  city text not null,
  state text not null,
  country text not null,
  latitude double precision not null,
  longitude double precision not null,
  owner_id uuid default auth.uid(),

  constraint airports_pkey primary key (iata),
  constraint airports_iata_format check (iata ~ '^[A-Z0-9]{3,4}$'),
  constraint airports_name_not_empty check (name <> ''),
  constraint airports_latitude_range check (latitude between -90 and 90),
  constraint airports_longitude_range check (longitude between -180 and 180)
);

create table if not exists public.routes (
  origin text not null,
  destination text not null,
  count integer not null,
  owner_id uuid default auth.uid(),

  constraint routes_pkey primary key (origin, destination),
  constraint routes_origin_fkey foreign key (origin) references public.airports (iata),
  constraint routes_destination_fkey foreign key (destination) references public.airports (iata),
  constraint routes_count_positive check (count > 0)
);

create index if not exists airports_state_idx on public.airports (state);
create index if not exists routes_destination_idx on public.routes (destination);

alter table public.airports enable row level security;
alter table public.routes enable row level security;

revoke all on table public.airports, public.routes from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.airports, public.routes to authenticated, service_role;

drop policy if exists airports_read on public.airports;
create policy airports_read on public.airports for select to authenticated using (true);
drop policy if exists airports_insert_own on public.airports;
create policy airports_insert_own on public.airports for insert to authenticated
with check (owner_id = (select auth.uid()));
drop policy if exists airports_update_own on public.airports;
create policy airports_update_own on public.airports for update to authenticated
using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
drop policy if exists airports_delete_own on public.airports;
create policy airports_delete_own on public.airports for delete to authenticated
using (owner_id = (select auth.uid()));

drop policy if exists routes_read on public.routes;
create policy routes_read on public.routes for select to authenticated using (true);
drop policy if exists routes_insert_own on public.routes;
create policy routes_insert_own on public.routes for insert to authenticated
with check (owner_id = (select auth.uid()));
drop policy if exists routes_update_own on public.routes;
create policy routes_update_own on public.routes for update to authenticated
using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
drop policy if exists routes_delete_own on public.routes;
create policy routes_delete_own on public.routes for delete to authenticated
using (owner_id = (select auth.uid()));
