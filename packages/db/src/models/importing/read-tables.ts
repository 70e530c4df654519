import { z } from "zod";
import { withPlainPath } from "../migrations/catalog.ts";
import { MigrationError } from "../migrations/migration-error.ts";
import type { SqlSession } from "../migrations/sql-session.ts";

/** Characters of what the catalog says of all tables of one import. */
const sizeLimit = 4_000_000;

const names = z.array(z.string());
const named = z.object({ name: z.string(), definition: z.string() });

/** What an existing table consists of, as far as a model could say it; definitions are Postgres' own words. */
const tableSchema = z.object({
  name: z.string(),
  comment: z.string().nullable(),
  unlogged: z.boolean(),
  security: z.boolean(),
  forced: z.boolean(),
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      notNull: z.boolean(),
      default: z.string().nullable(),
      generated: z.boolean(),
      identity: z.boolean(),
      collation: z.string().nullable(),
      comment: z.string().nullable(),
    }),
  ),
  key: z.object({ name: z.string(), columns: names, plain: z.boolean() }).nullable(),
  checks: z.array(z.object({ ...named.shape, expression: z.string(), valid: z.boolean() })),
  uniques: z.array(z.object({ ...named.shape, columns: names, plain: z.boolean() })),
  exclusions: z.array(named),
  foreignKeys: z.array(
    z.object({
      ...named.shape,
      columns: names,
      schema: z.string(),
      table: z.string(),
      references: names,
      onDelete: z.string(),
      plain: z.boolean(),
    }),
  ),
  indexes: z.array(
    z.object({
      ...named.shape,
      columns: names,
      unique: z.boolean(),
      method: z.string(),
      where: z.string().nullable(),
      plain: z.boolean(),
    }),
  ),
  policies: z.array(
    z.object({
      name: z.string(),
      command: z.string(),
      permissive: z.boolean(),
      roles: names,
      using: z.string().nullable(),
      check: z.string().nullable(),
    }),
  ),
  triggers: names,
  /** Privileges by role, without the owner's; on single columns too. */
  grants: z.array(z.object({ role: z.string(), privileges: z.string() })),
});
export type ExistingTable = z.output<typeof tableSchema>;

const columnNames = (keys: string, table: string): string => `(
  select coalesce(jsonb_agg(a.attname order by k.place), '[]')
  from unnest(${keys}) with ordinality as k (number, place)
  join pg_attribute a on a.attrelid = ${table} and a.attnum = k.number)`;
const identifiers = (keys: string, table: string): string => `(
  select string_agg(quote_ident(a.attname), ', ' order by k.place)
  from unnest(${keys}) with ordinality as k (number, place)
  join pg_attribute a on a.attrelid = ${table} and a.attnum = k.number)`;
const ownKeys = columnNames("p.conkey", "c.oid");
const role = (oid: string): string => `case ${oid} when 0 then 'public' else pg_get_userbyid(${oid})::text end`;
const list = (entries: string, order: string): string => `coalesce(jsonb_agg(${entries} order by ${order}), '[]')`;

const tablesSql = `
select jsonb_build_object('name', c.relname, 'comment', obj_description(c.oid, 'pg_class'),
  'unlogged', c.relpersistence <> 'p', 'security', c.relrowsecurity, 'forced', c.relforcerowsecurity,
  'columns', (
    select ${list(
      `jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
        'default', case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end,
        'generated', a.attgenerated <> '', 'identity', a.attidentity <> '',
        'collation', case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end,
        'comment', col_description(c.oid, a.attnum))`,
      "a.attnum",
    )}
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  'key', (
    select jsonb_build_object('name', p.conname, 'columns', ${ownKeys},
      'plain', pg_get_constraintdef(p.oid) = format('PRIMARY KEY (%s)', ${identifiers("p.conkey", "c.oid")}))
    from pg_constraint p where p.conrelid = c.oid and p.contype = 'p'),
  'checks', (
    select ${list(
      `jsonb_build_object('name', p.conname, 'definition', pg_get_constraintdef(p.oid),
        'expression', pg_get_expr(p.conbin, p.conrelid), 'valid', p.convalidated)`,
      "p.conname",
    )}
    from pg_constraint p where p.conrelid = c.oid and p.contype = 'c'),
  'uniques', (
    select ${list(
      `jsonb_build_object('name', p.conname, 'definition', pg_get_constraintdef(p.oid), 'columns', ${ownKeys},
        'plain', pg_get_constraintdef(p.oid) = format('UNIQUE (%s)', ${identifiers("p.conkey", "c.oid")}))`,
      "p.conname",
    )}
    from pg_constraint p where p.conrelid = c.oid and p.contype = 'u'),
  'exclusions', (
    select ${list(`jsonb_build_object('name', p.conname, 'definition', pg_get_constraintdef(p.oid))`, "p.conname")}
    from pg_constraint p where p.conrelid = c.oid and p.contype = 'x'),
  'foreignKeys', (
    select ${list(
      `jsonb_build_object('name', p.conname, 'definition', pg_get_constraintdef(p.oid), 'columns', ${ownKeys},
        'schema', fn.nspname, 'table', f.relname, 'references', ${columnNames("p.confkey", "p.confrelid")},
        'onDelete', p.confdeltype::text, 'plain', p.convalidated and not p.condeferrable and p.confupdtype = 'a'
          and p.confmatchtype = 's' and coalesce(cardinality(p.confdelsetcols), 0) = 0)`,
      "p.conname",
    )}
    from pg_constraint p join pg_class f on f.oid = p.confrelid join pg_namespace fn on fn.oid = f.relnamespace
    where p.conrelid = c.oid and p.contype = 'f'),
  'indexes', (
    select ${list(
      `jsonb_build_object('name', x.relname, 'definition', pg_get_indexdef(x.oid),
        'columns', ${columnNames("i.indkey[0:i.indnkeyatts - 1]", "c.oid")}, 'unique', i.indisunique, 'method', m.amname,
        'where', pg_get_expr(i.indpred, i.indrelid),
        'plain', i.indisvalid and pg_get_indexdef(x.oid) = format('CREATE %sINDEX %I ON %I.%I USING %s (%s)%s',
          case when i.indisunique then 'UNIQUE ' else '' end, x.relname, n.nspname, c.relname, m.amname,
          ${identifiers("i.indkey[0:i.indnkeyatts - 1]", "c.oid")},
          coalesce(' WHERE ' || pg_get_expr(i.indpred, i.indrelid), '')))`,
      "x.relname",
    )}
    from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
    where i.indrelid = c.oid
      and not exists (select from pg_constraint p where p.conindid = x.oid and p.contype in ('p', 'u', 'x'))),
  'policies', (
    select ${list(
      `jsonb_build_object('name', p.polname, 'command', p.polcmd::text, 'permissive', p.polpermissive,
        'roles', (select ${list(role("r"), role("r"))} from unnest(p.polroles) r),
        'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid))`,
      "p.polname",
    )}
    from pg_policy p where p.polrelid = c.oid),
  'triggers', (
    select ${list("t.tgname", "t.tgname")}
    from pg_trigger t join pg_proc f on f.oid = t.tgfoid join pg_namespace fn on fn.oid = f.pronamespace
    where t.tgrelid = c.oid and not t.tgisinternal and fn.nspname <> 'realtime'),
  'grants', (
    select ${list("jsonb_build_object('role', g.role, 'privileges', g.privileges)", "g.role, g.privileges")} from (
      select ${role("a.grantee")} as role,
        string_agg(a.privilege_type || case when a.is_grantable then '*' else '' end, ', ' order by a.privilege_type) as privileges
      from aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
      where a.grantee <> c.relowner and a.privilege_type <> 'MAINTAIN' group by a.grantee
      union all
      select ${role("a.grantee")}, a.privilege_type || ' of ' || k.attname
      from pg_attribute k, aclexplode(k.attacl) a
      where k.attrelid = c.oid and not k.attisdropped and a.grantee <> c.relowner) g)
)::text as found
from jsonb_array_elements_text($1::text::jsonb) as given (name)
join pg_class c on c.relname = given.name and c.relkind = 'r'
join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
order by c.relname collate "C"`;

/**
 * Reads tables of `public`; one that is not there has no entry.
 *
 * @throws MigrationError `CHANGE_UNSUPPORTED` when they say too much to be read at once
 */
export async function readTables(session: SqlSession, tables: readonly string[]): Promise<ExistingTable[]> {
  const rows = await withPlainPath(session, () => session.query(tablesSql, [JSON.stringify(tables)]));
  const texts = rows.map((row) => String(row["found"]));
  if (texts.reduce((sum, text) => sum + text.length, 0) > sizeLimit) {
    throw new MigrationError(
      "CHANGE_UNSUPPORTED",
      `The definitions of these ${tables.length} tables have more than ${sizeLimit} characters.`,
      "Import fewer tables at a time.",
    );
  }
  return texts.map((text) => tableSchema.parse(JSON.parse(text)));
}
