/** The demo's airports and routes as they were made by hand before its models made them: what a project's own tables are like. */
export function handMade(prefix: string): string {
  return `
    create table public.${prefix}_airports (
      iata text not null,
      name text not null,
      city text not null,
      state text not null,
      country text not null,
      latitude double precision not null,
      longitude double precision not null,
      owner_id uuid default auth.uid(),

      constraint ${prefix}_airports_pkey primary key (iata),
      constraint ${prefix}_airports_iata_format check (iata ~ '^[A-Z0-9]{3,4}$'),
      constraint ${prefix}_airports_name_not_empty check (name <> ''),
      constraint ${prefix}_airports_latitude_range check (latitude between -90 and 90),
      constraint ${prefix}_airports_longitude_range check (longitude between -180 and 180)
    );

    create table public.${prefix}_routes (
      origin text not null,
      destination text not null,
      count integer not null,
      owner_id uuid default auth.uid(),

      constraint ${prefix}_routes_pkey primary key (origin, destination),
      constraint ${prefix}_routes_origin_fkey foreign key (origin) references public.${prefix}_airports (iata),
      constraint ${prefix}_routes_destination_fkey foreign key (destination) references public.${prefix}_airports (iata),
      constraint ${prefix}_routes_count_positive check (count > 0)
    );

    create index ${prefix}_airports_state_idx on public.${prefix}_airports (state);
    create index ${prefix}_routes_destination_idx on public.${prefix}_routes (destination);

    alter table public.${prefix}_airports enable row level security;
    alter table public.${prefix}_routes enable row level security;

    revoke all on table public.${prefix}_airports, public.${prefix}_routes from public, anon, authenticated, service_role;
    grant select, insert, update, delete on table public.${prefix}_airports, public.${prefix}_routes to authenticated, service_role;

    create policy ${prefix}_airports_read on public.${prefix}_airports for select to authenticated using (true);
    create policy ${prefix}_airports_insert_own on public.${prefix}_airports for insert to authenticated
    with check (owner_id = (select auth.uid()));
    create policy ${prefix}_airports_update_own on public.${prefix}_airports for update to authenticated
    using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
    create policy ${prefix}_airports_delete_own on public.${prefix}_airports for delete to authenticated
    using (owner_id = (select auth.uid()));

    create policy ${prefix}_routes_read on public.${prefix}_routes for select to authenticated using (true);
    create policy ${prefix}_routes_insert_own on public.${prefix}_routes for insert to authenticated
    with check (owner_id = (select auth.uid()));
    create policy ${prefix}_routes_update_own on public.${prefix}_routes for update to authenticated
    using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
    create policy ${prefix}_routes_delete_own on public.${prefix}_routes for delete to authenticated
    using (owner_id = (select auth.uid()));
  `;
}
