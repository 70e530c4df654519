import { type DataInclude, type DataRow, isJsonObject, type JsonObject, type JsonValue } from "@waybill/contracts";
import type { ReadyModel } from "../../models/model-lookup.ts";
import { operationOf, whereText } from "./filter-text.ts";
import { totalOrder } from "./keyset.ts";
import { only, type RowQuery, selection } from "../rows.ts";

/** Rows of a related model that come along, resolved: names of the database, as the Data API embeds by them. */
export interface Included {
  /** The relationship's, under which they stand in the answer. */
  readonly name: string;
  readonly ready: ReadyModel;
  /** The foreign key between the two tables; with `through`, between the table in the middle and the related one. */
  readonly key: string;
  /** The table in the middle, and its foreign key to the rows that these come along with. */
  readonly through: { readonly table: string; readonly key: string } | null;
  readonly isMany: boolean;
  /** How many come along with each row; 1 where there can be no more. */
  readonly limit: number;
  readonly part: DataInclude;
  readonly within: readonly Included[];
}

/** As PostgREST's `select` goes on after the columns: `,origin:airports!routes_origin_fkey(iata,city)`. */
export function embedding(included: readonly Included[]): string {
  return included.map((one) => `,${embedded(one)}`).join("");
}

function embedded({ name, ready, key, through, part, within }: Included): string {
  const inner = `${selection(ready, part.columns)}${embedding(within)}`;
  const table = ready.model.table_name;
  // by name, or the order could not tell that it is meant
  return through === null
    ? `${name}:${table}!${key}(${inner})`
    : `${name}:${through.table}!${through.key}(${table}!${key}!inner(${inner}))`;
}

/** Adds conditions, order and limits of what comes along. */
export function narrow(start: RowQuery, included: readonly Included[], at = ""): RowQuery {
  let query = start;
  for (const { name, ready, through, isMany, limit, part, within } of included) {
    const outer = `${at}${name}`;
    const table = ready.model.table_name;
    const place = through === null ? outer : `${outer}.${table}`;
    for (const filter of part.filters ?? []) {
      const { operator, operand } = operationOf(ready, filter);
      query = query.filter(`${place}.${filter.column}`, operator, operand);
    }
    if (part.where !== undefined) query = query.or(whereText(ready, part.where), { referencedTable: place });
    if (isMany) {
      for (const { column, ascending } of totalOrder(part.order, ready.primaryKey)) {
        const by = through === null ? column : `${table}(${column})`;
        query = query.order(by, { ascending, nullsFirst: false, referencedTable: outer });
      }
      query = query.limit(limit, { referencedTable: outer });
    }
    query = narrow(query, within, `${place}.`);
  }
  return query;
}

/** A row with the columns that were asked for, and what came along with it. */
export function withIncluded(row: JsonObject, columns: readonly string[], included: readonly Included[]): DataRow {
  const shown = only(row, columns);
  for (const one of included) shown[one.name] = related(row[one.name] ?? null, one);
  return shown;
}

function related(value: JsonValue, one: Included): JsonValue {
  const { ready, through, isMany, part, within } = one;
  const shape = (found: JsonValue): JsonValue[] => {
    const target = through === null || !isJsonObject(found) ? found : (found[ready.model.table_name] ?? null);
    return isJsonObject(target) ? [withIncluded(target, part.columns ?? ready.columns, within)] : [];
  };
  // where the foreign key is unique too, the Data API knows that there is one at the most, and brings it without a list
  if (isMany) return Array.isArray(value) ? value.flatMap(shape) : shape(value);
  return shape(value)[0] ?? null;
}
