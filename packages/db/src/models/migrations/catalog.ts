import { MigrationError } from "./migration-error.ts";
import { plainName } from "./names.ts";
import { sha256 } from "./migration-plan.ts";
import type { SqlSession } from "./sql-session.ts";

/** What Postgres says of some tables, one line a thing, sorted. It knows nothing of pg-delta, whose plans it judges. */
export type Catalog = readonly string[];

/**
 * What belongs to a model's table. Left out: the order of columns, which a dropped and restored one changes; the owner and
 * his rights, which are who applies; MAINTAIN, which exists since Postgres 17; publications, which people toggle.
 */
const catalogSql = `
with wanted as (
  select c.oid, format('%I.%I', n.nspname, c.relname) as name, c.relpersistence, c.relrowsecurity,
    c.relforcerowsecurity, c.relacl, c.relowner
  from jsonb_array_elements_text($1::text::jsonb) as given (name)
  join pg_class c on c.oid = to_regclass(given.name)
  join pg_namespace n on n.oid = c.relnamespace
), lines as (
  select format('table %s %s rls=%s forced=%s', name, relpersistence, relrowsecurity, relforcerowsecurity) as line
  from wanted
  union all
  select format('column %s.%I %s%s%s%s%s', w.name, a.attname, format_type(a.atttypid, a.atttypmod),
    case when a.attnotnull then ' not null' end,
    case a.attidentity when 'a' then ' identity always' when 'd' then ' identity' end,
    case when a.attgenerated <> '' then ' generated ' when d.adbin is not null then ' default ' end ||
      pg_get_expr(d.adbin, d.adrelid),
    case when a.attcollation <> t.typcollation then ' collate ' || a.attcollation::regcollation end)
  from wanted w
  join pg_attribute a on a.attrelid = w.oid and a.attnum > 0 and not a.attisdropped
  join pg_type t on t.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = w.oid and d.adnum = a.attnum
  union all
  select format('constraint %s %I %s valid=%s', w.name, c.conname, pg_get_constraintdef(c.oid), c.convalidated)
  from wanted w join pg_constraint c on c.conrelid = w.oid and c.contype in ('p', 'u', 'c', 'f', 'x')
  union all
  select format('index %s %s valid=%s', w.name, pg_get_indexdef(i.indexrelid), i.indisvalid)
  from wanted w join pg_index i on i.indrelid = w.oid
  where not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x'))
  union all
  select format('policy %s %I %s %s to %s using %s check %s', w.name, p.polname, p.polcmd, p.polpermissive,
    (select string_agg(role, ',' order by role collate "C")
      from (select case r when 0 then 'public' else pg_get_userbyid(r)::text end as role from unnest(p.polroles) r) roles),
    pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
  from wanted w join pg_policy p on p.polrelid = w.oid
  union all
  select format('grant %s to %s: %s', w.name, case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee) end,
    string_agg(a.privilege_type || case when a.is_grantable then '*' else '' end, ',' order by a.privilege_type))
  from wanted w, aclexplode(coalesce(w.relacl, acldefault('r', w.relowner))) a
  where a.grantee <> w.relowner and a.privilege_type <> 'MAINTAIN'
  group by w.name, a.grantee
  union all
  select format('grant %s.%I to %s: %s', w.name, c.attname,
    case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee) end,
    string_agg(a.privilege_type || case when a.is_grantable then '*' else '' end, ',' order by a.privilege_type))
  from wanted w join pg_attribute c on c.attrelid = w.oid and not c.attisdropped, aclexplode(c.attacl) a
  where a.grantee <> w.relowner
  group by w.name, c.attname, a.grantee
  union all
  select format('sequence of %s.%I %s %s start %s by %s from %s to %s cache %s cycle=%s', w.name, a.attname,
    d.objid::regclass, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
  from wanted w
  join pg_depend d on d.refobjid = w.oid and d.refclassid = 'pg_class'::regclass and d.classid = 'pg_class'::regclass
    and d.deptype in ('a', 'i')
  join pg_sequence s on s.seqrelid = d.objid
  join pg_attribute a on a.attrelid = w.oid and a.attnum = d.refobjsubid
  union all
  select format('trigger %s %s enabled=%s', w.name, pg_get_triggerdef(t.oid), t.tgenabled)
  from wanted w join pg_trigger t on t.tgrelid = w.oid and not t.tgisinternal
  join pg_proc p on p.oid = t.tgfoid join pg_namespace n on n.oid = p.pronamespace
  where n.nspname <> 'realtime'
  union all
  select format('comment %s%s %s', w.name, coalesce('.' || quote_ident(a.attname), ''), d.description)
  from wanted w join pg_description d on d.objoid = w.oid and d.classoid = 'pg_class'::regclass
  left join pg_attribute a on a.attrelid = w.oid and a.attnum = d.objsubid and d.objsubid > 0
)
select line from lines order by line collate "C"`;

/** Reads what stands of these tables; those that are not there have no line. */
export async function readCatalog(session: SqlSession, tables: readonly string[]): Promise<Catalog> {
  const rows = await withPlainPath(session, () => session.query(catalogSql, [JSON.stringify(tables)]));
  return rows.map((row) => String(row["line"]));
}

export function catalogDigest(catalog: Catalog): string {
  return sha256(catalog.join("\n"));
}

/** In words, what one catalog has and the other has not. */
export function catalogDifference(found: Catalog, expected: Catalog): string[] {
  return [
    ...expected.filter((line) => !found.includes(line)).map((line) => `missing: ${line}`),
    ...found.filter((line) => !expected.includes(line)).map((line) => `unexpected: ${line}`),
  ];
}

/** Every table outside of the system's own schemas, as SQL text. */
export async function tablesIn(session: SqlSession): Promise<string[]> {
  const rows = await session.query(`
    select format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""')) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'waybill_dropped')
    order by 1`);
  return rows.map((row) => String(row["name"]));
}

/** The table that a caller means by a name, under the search path of the session. */
export async function tableNamed(session: SqlSession, name: string): Promise<string> {
  const [row] = await session.query(
    `select format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""')) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass($1)`,
    [name],
  );
  if (row !== undefined) return String(row["name"]);
  throw new MigrationError(
    "RENAME_UNKNOWN",
    `There is no table ${plainName(name)} in the schema before the change.`,
    "Name a table of the schema as it stands, with its schema: public.flights.",
  );
}

/** Postgres writes every name of the user's with its schema only while the search path holds none of these. */
export async function withPlainPath<T>(session: SqlSession, work: () => Promise<T>): Promise<T> {
  const [row] = await session.query(
    "select current_setting('search_path') as path, set_config('search_path', 'pg_catalog', true)",
  );
  const result = await work();
  await session.query("select set_config('search_path', $1, true)", [String(row?.["path"])]);
  return result;
}
