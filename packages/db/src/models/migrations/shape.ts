import { z } from "zod";
import { withPlainPath } from "./catalog.ts";
import { tableName } from "./names.ts";
import type { SqlSession } from "./sql-session.ts";

const tableSchema = z.object({
  schema: z.string(),
  name: z.string(),
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      notNull: z.boolean(),
      hasDefault: z.boolean(),
      generated: z.boolean(),
      /** `a`: always, `d`: by default, or empty. */
      identity: z.string(),
      /** The name of the sequence that it owns: an identity's, or a serial's. */
      sequence: z.string().nullable(),
    }),
  ),
  /** The columns of the primary key; empty when there is none. */
  key: z.array(z.string()),
  constraints: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      columns: z.array(z.string()),
      check: z.string().nullable(),
      otherSchema: z.string().nullable(),
      other: z.string().nullable(),
      otherColumns: z.array(z.string()),
    }),
  ),
  /** Of plain columns only. */
  uniqueIndexes: z.array(z.object({ schema: z.string(), name: z.string(), columns: z.array(z.string()) })),
});
export type TableShape = z.output<typeof tableSchema>;
export type ColumnShape = TableShape["columns"][number];
/** Tables by their names as SQL text. */
export type Shape = ReadonlyMap<string, TableShape>;

const names = (keys: string, table: string): string => `(
  select coalesce(jsonb_agg(a.attname order by k.place), '[]')
  from unnest(${keys}) with ordinality as k (number, place)
  join pg_attribute a on a.attrelid = ${table} and a.attnum = k.number)`;

const shapeSql = `
select jsonb_build_object('schema', n.nspname, 'name', c.relname,
  'columns', (
    select coalesce(jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
      'notNull', a.attnotnull, 'hasDefault', a.atthasdef, 'generated', a.attgenerated <> '', 'identity', a.attidentity,
      'sequence', (
        select s.relname from pg_class s
        where s.oid = to_regclass(pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname))))
      order by a.attnum), '[]')
    from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  'key', coalesce((
    select ${names("p.conkey", "c.oid")} from pg_constraint p where p.conrelid = c.oid and p.contype = 'p'), '[]'),
  'constraints', (
    select coalesce(jsonb_agg(jsonb_build_object('name', p.conname, 'kind', p.contype, 'columns', ${names("p.conkey", "c.oid")},
      'check', pg_get_expr(p.conbin, p.conrelid), 'otherSchema', fn.nspname, 'other', f.relname,
      'otherColumns', ${names("p.confkey", "p.confrelid")})), '[]')
    from pg_constraint p left join pg_class f on f.oid = p.confrelid left join pg_namespace fn on fn.oid = f.relnamespace
    where p.conrelid = c.oid and p.contype in ('p', 'u', 'c', 'f')),
  'uniqueIndexes', (
    select coalesce(jsonb_agg(jsonb_build_object('schema', n.nspname, 'name', x.relname, 'columns', ${names("i.indkey[0:i.indnkeyatts - 1]", "c.oid")})), '[]')
    from pg_index i join pg_class x on x.oid = i.indexrelid
    where i.indrelid = c.oid and i.indisunique and i.indexprs is null and i.indpred is null)
)::text as shape
from jsonb_array_elements_text($1::text::jsonb) as given (name)
join pg_class c on c.oid = to_regclass(given.name)
join pg_namespace n on n.oid = c.relnamespace`;

/** What planning needs to know of these tables beyond what pg-delta tells. */
export async function readShape(session: SqlSession, tables: readonly string[]): Promise<Shape> {
  const rows = await withPlainPath(session, () => session.query(shapeSql, [JSON.stringify(tables)]));
  const shapes = rows.map((row) => tableSchema.parse(JSON.parse(String(row["shape"]))));
  return new Map(shapes.map((shape) => [tableName(shape.schema, shape.name), shape]));
}

export function columnOf(shape: Shape, table: string, column: string): ColumnShape | undefined {
  return shape.get(table)?.columns.find(({ name }) => name === column);
}

/** Columns that hold data of their own. */
export function plainColumns(table: TableShape): ColumnShape[] {
  return table.columns.filter(({ generated }) => !generated);
}
