import { tableNamed } from "./catalog.ts";
import { MigrationError } from "./migration-error.ts";
import { plainName, quoteIdent, tableName } from "./names.ts";
import type { Shape, TableShape } from "./shape.ts";
import type { SqlSession } from "./sql-session.ts";

/** A table, or a column of one, that goes on under another name. `table` is its name before the change: `public.flights`. */
export type Rename =
  | { readonly table: string; readonly to: string }
  | { readonly table: string; readonly column: string; readonly to: string };

export interface RenameStep {
  readonly kind: "rename table" | "rename column" | "rename sequence" | "rename index";
  readonly table: string;
  readonly sql: string;
}

export interface Renaming {
  readonly up: readonly RenameStep[];
  readonly down: readonly RenameStep[];
  /** By the table's new name: its old one, and for its columns new name → old name. */
  readonly tables: ReadonlyMap<string, { readonly was: string; readonly columns: Readonly<Record<string, string>> }>;
}

/**
 * The statements that rename, both ways. Only what the caller names is renamed: that a column is gone and another one is
 * there says nothing.
 *
 * @throws MigrationError `RENAME_UNKNOWN`
 */
export async function renamingOf(
  session: SqlSession,
  renames: readonly Rename[],
  before: Shape,
  after: Shape,
): Promise<Renaming> {
  const columns = new Map<string, Map<string, string>>();
  const tables = new Map<string, string>();
  for (const rename of renames) {
    const was = await tableNamed(session, rename.table);
    if ("column" in rename) {
      const known = columns.get(was) ?? new Map<string, string>();
      columns.set(was, known.set(rename.column, rename.to));
    } else {
      tables.set(was, rename.to);
    }
  }
  const up: RenameStep[] = [];
  const down: RenameStep[] = [];
  const renamed = new Map<string, { was: string; columns: Record<string, string> }>();
  for (const was of new Set([...tables.keys(), ...columns.keys()])) {
    const shape = before.get(was);
    const to = tables.get(was);
    const now = shape === undefined || to === undefined ? was : tableName(shape.schema, to);
    const next = after.get(now);
    if (shape === undefined || next === undefined) throw unknown(`${plainName(was)} to ${plainName(now)}`);
    if (now !== was && (before.has(now) || after.has(was))) throw unknown(`${plainName(was)} to ${plainName(now)}`);
    const pairs = columns.get(was) ?? new Map<string, string>();
    checkColumns(plainName(was), pairs, shape, next);
    if (to !== undefined && now !== was) {
      up.push({ kind: "rename table", table: was, sql: `ALTER TABLE ${was} RENAME TO ${quoteIdent(to)}` });
      down.push({ kind: "rename table", table: now, sql: `ALTER TABLE ${now} RENAME TO ${quoteIdent(shape.name)}` });
    }
    const back = new Map([...pairs].map(([from, name]) => [name, from]));
    up.push(...columnSteps(now, pairs));
    const sequences = sequencePairs(shape, next, pairs);
    up.push(...sequences.map(([from, name]) => sequenceStep(now, shape.schema, from, name)));
    // what belongs to the table goes back while it still has its new name
    down.unshift(
      ...sequences.map(([from, name]) => sequenceStep(now, shape.schema, name, from)),
      ...columnSteps(now, back),
    );
    renamed.set(now, { was, columns: Object.fromEntries(back) });
  }
  return { up, down, tables: renamed };
}

function checkColumns(table: string, pairs: ReadonlyMap<string, string>, before: TableShape, after: TableShape): void {
  const has = (shape: TableShape, column: string): boolean => shape.columns.some(({ name }) => name === column);
  const targets = new Set(pairs.values());
  if (targets.size !== pairs.size) throw unknown(`two columns of ${table} to one`);
  for (const [from, to] of pairs) {
    const taken = has(before, to) && !pairs.has(to);
    const stays = has(after, from) && !targets.has(from);
    if (!has(before, from) || !has(after, to) || taken || stays) throw unknown(`${table}.${from} to ${to}`);
  }
}

/**
 * A column's own sequence is named after its table and column. pg-delta would rename it too, but finds a cycle when the
 * primary key's constraint is renamed with it.
 */
function sequencePairs(before: TableShape, after: TableShape, pairs: ReadonlyMap<string, string>): [string, string][] {
  return before.columns.flatMap(({ name, sequence }) => {
    const next = after.columns.find((column) => column.name === (pairs.get(name) ?? name))?.sequence ?? null;
    return sequence === null || next === null || next === sequence ? [] : [[sequence, next]];
  });
}

function sequenceStep(table: string, schema: string, from: string, to: string): RenameStep {
  const sql = `ALTER SEQUENCE ${tableName(schema, from)} RENAME TO ${quoteIdent(to)}`;
  return { kind: "rename sequence", table, sql };
}

/** Columns that swap their names go over names of their own. */
function columnSteps(table: string, pairs: ReadonlyMap<string, string>): RenameStep[] {
  const step = (from: string, to: string): RenameStep => ({
    kind: "rename column",
    table,
    sql: `ALTER TABLE ${table} RENAME COLUMN ${quoteIdent(from)} TO ${quoteIdent(to)}`,
  });
  const moved = [...pairs].filter(([from, to]) => from !== to);
  if (!moved.some(([, to]) => pairs.has(to))) return moved.map(([from, to]) => step(from, to));
  const aside = moved.map(([from, to], n) => ({ from, to, via: `waybill_renaming_${n}` }));
  return [...aside.map(({ from, via }) => step(from, via)), ...aside.map(({ via, to }) => step(via, to))];
}

function unknown(what: string): MigrationError {
  return new MigrationError(
    "RENAME_UNKNOWN",
    `Nothing can be renamed from ${what}.`,
    "A rename names what is there before the change only, and a name that is there after it only.",
  );
}
