import type { LockMode } from "@waybill/contracts";
import type { DeltaAction } from "./delta.ts";
import { keepSql, restoreSql, type Loss } from "./kept-data.ts";
import type { Misfits, Statement } from "./migration-plan.ts";
import { constraintMisfits, nullMisfits, typeMisfits, uniqueMisfits } from "./misfits.ts";
import { plainName, quoteIdent, quoteLiteral, tableName } from "./names.ts";
import { columnOf, type Shape, type TableShape } from "./shape.ts";

/** A statement before it was tried. */
export interface Draft extends Omit<Statement, "rewrites" | "effect"> {
  /** Tried instead when Postgres has no assignment from the one type to the other. */
  readonly otherwise: string | null;
}

export interface Way {
  readonly from: Shape;
  readonly to: Shape;
  readonly actions: readonly DeltaAction[];
  /** What this way drops. */
  readonly losses: readonly Loss[];
  /** What the way back drops, and this one restores when it runs after that. */
  readonly restores: readonly Loss[];
  readonly planId: string;
}

/** pg-delta's statements, with what keeps and restores data between them. */
export function draftsOf(way: Way): Draft[] {
  const drafts = way.losses.map((loss) =>
    draft("keep data", keepSql(loss, way.planId), loss.table, "ACCESS SHARE", { scans: true }),
  );
  const actions = way.actions.filter((action, n) => !repeats(way, action, n));
  for (const [n, action] of actions.entries()) drafts.push(...drafted(way, action, actions.slice(n + 1)));
  return [...drafts, ...countersOf(way)];
}

/** A sequence that is made anew for a column goes on after the numbers that are there, and not from its start. */
function countersOf({ from, to }: Way): Draft[] {
  return [...to].flatMap(([table, { schema, columns }]) => {
    if (!from.has(table)) return [];
    return columns.flatMap(({ name, sequence }) => {
      const old = columnOf(from, table, name);
      if (sequence === null || old === undefined || old.sequence !== null) return [];
      const column = quoteIdent(name);
      const sql = `select pg_catalog.setval(s.seqrelid::pg_catalog.regclass, f.number) from pg_catalog.pg_sequence s,
  lateral (select case when s.seqincrement > 0 then max(t.${column}) else min(t.${column}) end as number from ${table} t) f
where s.seqrelid = ${quoteLiteral(tableName(schema, sequence))}::pg_catalog.regclass and f.number between s.seqmin and s.seqmax`;
      return [draft("restore data", sql, table, "ACCESS EXCLUSIVE", { scans: true })];
    });
  });
}

/** A retyped column's default is taken away and set again by two rules of pg-delta: once is enough. */
function repeats({ from, actions }: Way, action: DeltaAction, n: number): boolean {
  const match = /^ALTER TABLE .* ALTER COLUMN .* (DROP DEFAULT|SET DEFAULT .*)$/s.exec(action.sql);
  if (match === null || action.table === null || action.name === null) return false;
  if (match[1] === "DROP DEFAULT" && action.object === "column") {
    return columnOf(from, action.table, action.name)?.hasDefault !== true;
  }
  return actions.slice(n + 1).some(({ sql }) => sql === action.sql);
}

function draft(
  kind: string,
  sql: string,
  table: string | null,
  lock: LockMode | null,
  more: Partial<Draft> = {},
): Draft {
  return { kind, sql, table, lock, alsoLocks: [], scans: false, loses: null, misfits: null, otherwise: null, ...more };
}

function drafted(way: Way, action: DeltaAction, rest: readonly DeltaAction[]): Draft[] {
  const { table, object, verb, name, lock } = action;
  const now = table === null ? undefined : way.to.get(table);
  if (table === null || name === null) return [draft(`${verb} ${object}`, action.sql, table, lock)];
  if (object === "column" && verb === "create") return addedColumn(way, action, table, name, rest);
  if (object === "table" && verb === "create" && action.sql.startsWith("CREATE TABLE ")) {
    return [draft("create table", action.sql, table, null), ...restoredTable(way, table, rest)];
  }
  const loss = way.losses.find((lost) => lost.table === table && lost.column === (object === "table" ? null : name));
  if (verb === "drop" && (object === "column" || object === "table")) {
    return [draft(`drop ${object}`, action.sql, table, lock, { loses: loss === undefined ? null : lossInWords(loss) })];
  }
  // what stands beside CREATE TABLE: row level security
  if (object === "table")
    return [draft("alter table", action.sql, table, way.from.has(table) ? "ACCESS EXCLUSIVE" : null)];
  if (object === "column") return alteredColumn(way, action, table, name, loss);
  const misfits = now === undefined || verb === "drop" ? null : misfitsOf(now, table, action);
  const builds = verb === "create" && (object === "constraint" || object === "index");
  const renames = verb === "alter" && / RENAME (CONSTRAINT|TO) /.test(action.sql);
  const alsoLocks = object === "constraint" && !renames ? pointedTo(way, table, name) : [];
  return [
    draft(`${renames ? "rename" : verb} ${object}`, action.sql, table, lock, { misfits, scans: builds, alsoLocks }),
  ];
}

function addedColumn(
  way: Way,
  action: DeltaAction,
  table: string,
  name: string,
  rest: readonly DeltaAction[],
): Draft[] {
  const column = columnOf(way.to, table, name);
  const fresh = !way.from.has(table);
  const restores = fresh ? restoredTable(way, table, rest) : restoredColumn(way, table, name);
  const bare = column?.notNull === true && !column.hasDefault && !column.generated && column.identity === "";
  if (fresh || !bare) return [draft("add column", action.sql, table, action.lock), ...restores];
  const prefix = `ALTER TABLE ${table} ALTER COLUMN ${quoteIdent(name)}`;
  return [
    draft("add column", action.sql.replace(/ NOT NULL$/, ""), table, action.lock),
    ...restores,
    draft("set not null", `${prefix} SET NOT NULL`, table, "ACCESS EXCLUSIVE", {
      scans: true,
      misfits: nullMisfits(table, knownKey(way, table), name),
    }),
  ];
}

/** After the last column of a table that is made anew. */
function restoredTable(way: Way, table: string, rest: readonly DeltaAction[]): Draft[] {
  const more = rest.some((next) => next.table === table && next.object === "column" && next.verb === "create");
  const loss = way.restores.find((lost) => lost.table === table && lost.kind === "table");
  return more || loss === undefined ? [] : [restored(way, loss, true)];
}

function restoredColumn(way: Way, table: string, name: string): Draft[] {
  const fits = (loss: Loss): boolean => loss.table === table && loss.column === name && loss.kind === "column";
  const own = way.losses.find(fits);
  const other = way.restores.find(fits);
  return [
    // a column that is dropped and made anew keeps its values
    ...(own === undefined || columnOf(way.to, table, name)?.generated === true ? [] : [restored(way, own, false)]),
    ...(other === undefined ? [] : [restored(way, other, true)]),
  ];
}

function restored(way: Way, loss: Loss, last: boolean): Draft {
  const as: TableShape = way.to.get(loss.table) ?? loss.from;
  return draft("restore data", restoreSql(loss, as, last), loss.table, "ACCESS EXCLUSIVE", { scans: true });
}

function alteredColumn(way: Way, action: DeltaAction, table: string, name: string, loss: Loss | undefined): Draft[] {
  const prefix = `ALTER TABLE ${table} ALTER COLUMN ${quoteIdent(name)} `;
  const what = action.sql.startsWith(prefix) ? action.sql.slice(prefix.length) : "";
  if (what === "SET NOT NULL") {
    const misfits = nullMisfits(table, knownKey(way, table), name);
    return [draft("set not null", action.sql, table, action.lock, { scans: true, misfits })];
  }
  const type = columnOf(way.to, table, name)?.type;
  if (!what.startsWith("TYPE ") || type === undefined) {
    return [draft(what.startsWith("DROP NOT NULL") ? "drop not null" : "alter column", action.sql, table, action.lock)];
  }
  const back = way.restores.find((lost) => lost.table === table && lost.column === name && lost.kind === "type");
  return [
    draft("change type", `${prefix}TYPE ${type}`, table, action.lock, {
      otherwise: action.sql,
      scans: true,
      loses: loss === undefined ? null : lossInWords(loss),
      misfits: typeMisfits(table, knownKey(way, table), name, type),
    }),
    ...(back === undefined ? [] : [restored(way, back, true)]),
  ];
}

function misfitsOf(now: TableShape, table: string, { object, name }: DeltaAction): Misfits | null {
  const constraint = object === "constraint" ? now.constraints.find((one) => one.name === name) : undefined;
  if (constraint !== undefined) return constraintMisfits(table, now.key, constraint);
  const index = object === "index" ? now.uniqueIndexes.find((one) => one.name === name) : undefined;
  return index === undefined ? null : uniqueMisfits(table, now.key, index.columns);
}

/** The other table of a foreign key, which is locked with it. */
function pointedTo({ from, to }: Way, table: string, name: string): string[] {
  const constraints = [to, from].flatMap((shape) => shape.get(table)?.constraints ?? []);
  const found = constraints.find((one) => one.name === name && one.kind === "f");
  if (found === undefined || found.otherSchema === null || found.other === null) return [];
  return [tableName(found.otherSchema, found.other)];
}

/** The key's columns are all there in the middle of the way: those of the table as it was, as far as they stay. */
function knownKey({ from, to }: Way, table: string): string[] {
  return (from.get(table)?.key ?? []).filter((name) => columnOf(to, table, name) !== undefined);
}

function lossInWords({ kind, table, column, newType, from, sideTable }: Loss): string {
  const where = `kept in ${plainName(sideTable)} until purged`;
  if (kind === "table") return `All rows of ${plainName(table)}: ${where}.`;
  const name = `${plainName(table)}.${column}`;
  if (kind === "column") return `The values of ${name}: ${where}.`;
  const type = from.columns.find((one) => one.name === column)?.type;
  return `What ${newType} cannot hold of the values of ${name}, which are ${type} now: ${where}.`;
}
