import { quoteIdent, tableName } from "./names.ts";
import { withPlainPath } from "./catalog.ts";
import type { RenameStep } from "./renames.ts";
import type { SqlSession } from "./sql-session.ts";

/** An index that no constraint owns, and how it is made, without its name. */
export interface IndexShape {
  readonly schema: string;
  readonly name: string;
  readonly table: string;
  readonly made: string;
}

export async function readIndexes(session: SqlSession, tables: readonly string[]): Promise<IndexShape[]> {
  const rows = await withPlainPath(session, () =>
    session.query(
      `select n.nspname as schema, x.relname as name, given.name as table,
        replace(pg_get_indexdef(x.oid), format(' INDEX %I ON ', x.relname), ' INDEX ON ') as made
      from jsonb_array_elements_text($1::text::jsonb) as given (name)
      join pg_index i on i.indrelid = to_regclass(given.name)
      join pg_class x on x.oid = i.indexrelid join pg_namespace n on n.oid = x.relnamespace
      where not exists (select from pg_constraint c where c.conindid = x.oid and c.contype in ('p', 'u', 'x'))
      order by 1, 2`,
      [JSON.stringify(tables)],
    ),
  );
  return rows.map(({ schema, name, table, made }) => ({
    schema: String(schema),
    name: String(name),
    table: String(table),
    made: String(made),
  }));
}

/**
 * Indexes that differ in nothing but their names, as after a table was renamed. pg-delta drops and builds them anew, for it
 * takes the name for a part of what an index is.
 */
export function indexRenames(
  now: readonly IndexShape[],
  wanted: readonly IndexShape[],
): { readonly up: readonly RenameStep[]; readonly down: readonly RenameStep[] } {
  const named = (list: readonly IndexShape[]): Set<string> =>
    new Set(list.map(({ schema, name }) => tableName(schema, name)));
  const [nowNames, wantedNames] = [named(now), named(wanted)];
  const gone = now.filter(({ schema, name }) => !wantedNames.has(tableName(schema, name)));
  const fresh = wanted.filter(({ schema, name }) => !nowNames.has(tableName(schema, name)));
  const pairs = gone.flatMap((from) => {
    const same = fresh.filter(({ made }) => made === from.made);
    const rivals = gone.filter(({ made }) => made === from.made);
    const [to] = same;
    return to === undefined || same.length > 1 || rivals.length > 1 ? [] : [{ from, to }];
  });
  const step = (from: IndexShape, to: IndexShape): RenameStep => ({
    kind: "rename index",
    table: from.table,
    sql: `ALTER INDEX ${tableName(from.schema, from.name)} RENAME TO ${quoteIdent(to.name)}`,
  });
  return { up: pairs.map(({ from, to }) => step(from, to)), down: pairs.map(({ from, to }) => step(to, from)) };
}
