import type { Kept } from "./migration-plan.ts";
import { dollarQuote, plainName, quoteIdent, quoteLiteral } from "./names.ts";
import { columnOf, plainColumns, type ColumnShape, type Shape, type TableShape } from "./shape.ts";

/** What a way from one schema to another drops, and what is needed to bring it back. */
export interface Loss extends Kept {
  readonly kind: "table" | "column" | "type";
  /** The table that loses, as it is when the way begins. */
  readonly from: TableShape;
  /** The columns by which its rows are known on both sides. */
  readonly key: readonly ColumnShape[];
  /** For a type: the one that it gets. */
  readonly newType: string | null;
}

/** Changes of type that keep every value. All others are taken for lossy: Postgres tells no difference. */
function widens(from: string, to: string): boolean {
  const whole = ["smallint", "integer", "bigint", "numeric"];
  if (whole.includes(from) && whole.includes(to)) return whole.indexOf(from) < whole.indexOf(to);
  if (from === "real" && to === "double precision") return true;
  const [fromText, toText] = [lengthOfText(from), lengthOfText(to)];
  if (fromText !== null && toText !== null) return fromText <= toText;
  const [fromDigits, toDigits] = [digitsOf(from), digitsOf(to)];
  if (fromDigits === null) return false;
  // a bare numeric keeps the scale that the value has
  if (to === "numeric") return true;
  return toDigits !== null && fromDigits.scale <= toDigits.scale && fromDigits.whole <= toDigits.whole;
}

function lengthOfText(type: string): number | null {
  if (type === "text" || type === "character varying") return Infinity;
  const match = /^character varying\((\d+)\)$/.exec(type);
  return match === null ? null : Number(match[1]);
}

function digitsOf(type: string): { whole: number; scale: number } | null {
  const match = /^numeric\((\d+),(-?\d+)\)$/.exec(type);
  return match === null ? null : { whole: Number(match[1]) - Number(match[2]), scale: Number(match[2]) };
}

/** Everything that the way `from` → `to` drops. `replaced` holds columns that are dropped and made anew. */
export function lossesBetween(from: Shape, to: Shape, replaced: ReadonlySet<string>, id: string, prefix = ""): Loss[] {
  const losses: Loss[] = [];
  const add = (loss: Omit<Loss, "sideTable">, label: string): void => {
    losses.push({ ...loss, sideTable: sideTable(prefix, label, id, losses.length) });
  };
  for (const [table, shape] of from) {
    const after = to.get(table);
    if (after === undefined) {
      add({ kind: "table", table, column: null, from: shape, key: [], newType: null }, shape.name);
      continue;
    }
    const key = lastingKey(shape, after);
    for (const column of plainColumns(shape)) {
      const next = columnOf(to, table, column.name);
      const label = `${shape.name}_${column.name}`;
      const known = { table, column: column.name, from: shape, key };
      if (next === undefined || next.generated || replaced.has(`${table}.${column.name}`)) {
        add({ ...known, kind: "column", newType: null }, label);
      } else if (next.type !== column.type && !widens(column.type, next.type)) {
        add({ ...known, kind: "type", newType: next.type }, label);
      }
    }
  }
  return losses;
}

function lastingKey(from: TableShape, to: TableShape): ColumnShape[] {
  if (from.key.join("\n") !== to.key.join("\n")) return [];
  return from.columns.filter(({ name }) => from.key.includes(name));
}

function sideTable(prefix: string, label: string, id: string, n: number): string {
  const name = `${prefix}${label}_${id}_${n}`;
  return `waybill_dropped.${quoteIdent(Buffer.byteLength(name) <= 63 ? name : `${prefix}kept_${id}_${n}`)}`;
}

/** Copies what will be lost, as seen by nobody but the owner. */
export function keepSql({ kind, table, column, from, key, sideTable }: Loss, planId: string): string {
  const kept = kind === "table" ? plainColumns(from) : [...key, ...from.columns.filter(({ name }) => name === column)];
  const list = [...new Set(kept.map(({ name }) => quoteIdent(name)))].join(", ");
  const what = column === null ? plainName(table) : `${plainName(table)}.${column}`;
  return [
    "create schema if not exists waybill_dropped",
    `create table ${sideTable} as select ${list} from ${table}`,
    `revoke all on ${sideTable} from public, anon, authenticated, service_role`,
    `alter table ${sideTable} enable row level security`,
    `comment on table ${sideTable} is ${quoteLiteral(`${what}, kept by the change ${planId}`)}`,
  ].join(";\n");
}

/**
 * Puts back what a side table holds, if it is there, and removes it. The rows' own triggers do not fire: for them nothing
 * changed. Rows that came meanwhile stay as they are; a value that somebody changed meanwhile is not undone.
 */
export function restoreSql(loss: Loss, as: TableShape, last: boolean): string {
  const work = loss.kind === "table" ? restoredTable(loss, as) : restoredColumn(loss, as);
  const table = quoteLiteral(loss.table);
  const forEach = (what: string): string =>
    `  foreach waybill_one in array waybill_all loop execute format('alter table %s ${what} trigger %I', ${table}, waybill_one); end loop;`;
  return `do ${dollarQuote(`
#variable_conflict use_column
declare
  waybill_one text;
  waybill_all text[];
begin
  if to_regclass(${quoteLiteral(loss.sideTable)}) is null then return; end if;
  select coalesce(array_agg(tgname), '{}') into waybill_all from pg_catalog.pg_trigger
    where tgrelid = ${table}::regclass and not tgisinternal and tgenabled = 'O';
${forEach("disable")}
${work}${forEach("enable")}${last ? `\n  drop table ${loss.sideTable};` : ""}
end `)}`;
}

function restoredTable({ table, sideTable, from }: Loss, as: TableShape): string {
  const list = plainColumns(from)
    .map(({ name }) => quoteIdent(name))
    .join(", ");
  return `  insert into ${table} (${list}) overriding system value select ${list} from ${sideTable};
${as.columns.map((column) => raisedSequence(table, column)).join("")}`;
}

function restoredColumn({ kind, table, column, sideTable, from, key, newType }: Loss, as: TableShape): string {
  const name = quoteIdent(column ?? "");
  const rows = key
    .map((part) =>
      sameKey(
        part,
        as.columns.find((now) => now.name === part.name),
      ),
    )
    .join(" and ");
  const was = from.columns.find((part) => part.name === column);
  const now = as.columns.find((part) => part.name === column);
  const untouched =
    kind === "type" ? ` and t.${name}::text is not distinct from d.${name}::${newType}::${was?.type}::text` : "";
  const update = `  update ${table} t set ${name} = d.${name} from ${sideTable} d
    where ${rows} and t.${name}::text is distinct from d.${name}::text${untouched};\n`;
  if (now === undefined) return update;
  const identity = (generation: string): string =>
    `  alter table ${table} alter column ${name} set generated ${generation};\n`;
  const raised = raisedSequence(table, now);
  // a column that is generated always takes no value by update
  return now.identity === "a" ? identity("by default") + update + identity("always") + raised : update + raised;
}

function sameKey(was: ColumnShape, now: ColumnShape | undefined): string {
  const name = quoteIdent(was.name);
  return now?.type === was.type ? `t.${name} = d.${name}` : `t.${name}::text = d.${name}::text`;
}

/** Never set back: it may have given numbers to rows that are gone. */
function raisedSequence(table: string, { name, sequence }: ColumnShape): string {
  if (sequence === null) return "";
  const column = quoteIdent(name);
  const given = `pg_catalog.pg_get_serial_sequence(${quoteLiteral(table)}, ${quoteLiteral(name)})`;
  return `  perform pg_catalog.setval(${given}, max(${column})) from ${table}
    having max(${column}) is not null and coalesce(max(${column}) > pg_catalog.pg_sequence_last_value(${given}::regclass), true);\n`;
}
