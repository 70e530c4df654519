import type { Misfits } from "./migration-plan.ts";
import { dollarQuote, quoteIdent, tableName } from "./names.ts";
import type { TableShape } from "./shape.ts";

/** The key of a row as one text: what an error may name of it. */
function keyOf(key: readonly string[]): string {
  return key.length === 0
    ? "null::text"
    : `concat_ws(', ', ${key.map((name) => `t.${quoteIdent(name)}::text`).join(", ")})`;
}

const counting = (key: readonly string[], from: string): string =>
  `select count(*)::text as count, min(${keyOf(key)}) as example ${from}`;

export function nullMisfits(table: string, key: readonly string[], column: string): Misfits {
  return { prepare: null, count: counting(key, `from ${table} t where t.${quoteIdent(column)} is null`) };
}

/** Rows that a constraint of the table as it shall be refuses. */
export function constraintMisfits(
  table: string,
  key: readonly string[],
  constraint: TableShape["constraints"][number],
): Misfits | null {
  const { kind, check, columns, otherSchema, other, otherColumns } = constraint;
  if (kind === "c")
    return check === null ? null : { prepare: null, count: counting(key, `from ${table} t where not (${check})`) };
  if (kind !== "f") return uniqueMisfits(table, key, columns);
  if (otherSchema === null || other === null) return null;
  const filled = columns.map((name) => `t.${quoteIdent(name)} is not null`).join(" and ");
  const same = columns
    .map((name, n) => `r.${quoteIdent(otherColumns[n] ?? name)} = t.${quoteIdent(name)}`)
    .join(" and ");
  const missing = `not exists (select from ${tableName(otherSchema, other)} r where ${same})`;
  return { prepare: null, count: counting(key, `from ${table} t where ${filled} and ${missing}`) };
}

/** Rows that are there a second time. */
export function uniqueMisfits(table: string, key: readonly string[], columns: readonly string[]): Misfits {
  const list = columns.map((name) => `t.${quoteIdent(name)}`).join(", ");
  const filled = columns.map((name) => `t.${quoteIdent(name)} is not null`).join(" and ");
  return {
    prepare: null,
    count: `select coalesce(sum(d.rows - 1), 0)::text as count, min(d.example) as example from (
  select count(*) as rows, min(${keyOf(key)}) as example from ${table} t where ${filled} group by ${list} having count(*) > 1) d`,
  };
}

/**
 * Rows whose value does not become the new type. Assigning in PL/pgSQL follows the rules of an assignment, as changing the
 * type does: a text too long for `varchar(5)` is refused, and not cut as by an explicit cast.
 */
export function typeMisfits(table: string, key: readonly string[], column: string, type: string): Misfits {
  const body = `
declare
  r record;
  fitting ${type};
begin
  count := 0;
  for r in select ${keyOf(key)} as key, t.${quoteIdent(column)} as value from ${table} t loop
    begin
      fitting := r.value;
    exception when data_exception or integrity_constraint_violation then
      count := count + 1;
      example := least(example, r.key);
    end;
  end loop;
  return next;
end `;
  return {
    prepare: `create or replace function pg_temp.waybill_misfits() returns table (count bigint, example text) language plpgsql as ${dollarQuote(body)}`,
    count: "select count::text as count, example from pg_temp.waybill_misfits()",
  };
}
