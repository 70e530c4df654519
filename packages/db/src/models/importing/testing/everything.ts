/** A table made by hand, with everything in it that a plan can start from, and two others that it needs. */
export function everything(name: string): string {
  const table = `public.${name}`;
  return `
    create table ${table}_seen (reader uuid not null, what int not null, primary key (reader, what));
    create table ${table}_other (code varchar(3) constraint ${name}_code primary key, "Up" text unique nulls not distinct);
    create table ${table} (
      id bigint generated always as identity,
      number serial,
      code varchar(3) not null references ${table}_other on update cascade on delete set default default 'abc',
      "Name" text collate "C" not null default 'it''s',
      note text,
      price numeric(10,2) not null default 9.99 check (price > 0 and price < 1000),
      tags text[] default '{a,b}'::text[],
      more jsonb not null default '{"a": [1]}',
      at timestamptz not null default now(),
      day date default current_date,
      long_note char(20),
      owner_id uuid default auth.uid() references auth.users on delete cascade,
      twice numeric generated always as (price * 2) stored,
      constraint "${name} key" primary key (id),
      constraint ${name}_pair unique (code, note) deferrable initially deferred,
      exclude using btree (number with =)
    ) with (fillfactor = 70);
    alter table ${table} add constraint cheap check (price < 10 or note is not null) not valid;
    create index on ${table} (lower("Name")) include (note);
    create unique index on ${table} (code desc nulls last) where note <> '';
    create index on ${table} using gin (more jsonb_path_ops);
    create index on ${table} using brin (at);
    alter table ${table} enable row level security, force row level security, replica identity full;
    alter table ${table}_seen enable row level security;
    create policy "read it" on ${table} for select to authenticated, anon using (
      owner_id = (select auth.uid()) or exists (select from ${table}_seen s where s.reader = auth.uid() and s.what = id));
    create policy narrow on ${table} as restrictive for all to public using (price > 1) with check (price > 2);
    comment on policy narrow on ${table} is 'said of the policy';
    comment on table ${table} is 'said of the table';
    comment on column ${table}.note is 'it''s a note';
    revoke all on ${table} from anon;
    grant select (id, note) on ${table} to anon;
    grant select on ${table} to authenticated with grant option;
    revoke delete on ${table}_other from service_role;
    create publication ${name}_heard for table ${table};
  `;
}
