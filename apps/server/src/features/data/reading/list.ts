import type { DataCountInput, DataInclude, DataListInput, DataRow, ErrorIssue } from "@waybill/contracts";
import type { LongestAnswer } from "@waybill/db";
import { invalidField } from "../../../trpc/api-error.ts";
import type { ReadyModel } from "../../models/model-lookup.ts";
import { type DataAnswer, dataError } from "../data-error.ts";
import { columnFaults, filterFaults, orderFaults, whereFaults } from "../faults.ts";
import { operationOf, whereText } from "./filter-text.ts";
import { embedding, type Included, narrow, withIncluded } from "./include-query.ts";
import { columnType, isExactInJson } from "./column-types.ts";
import { behind, decodeCursor, encodeCursor, type OrderColumn, textPlaces, totalOrder } from "./keyset.ts";
import { refuse } from "../refuse.ts";
import { type RowQuery, select, selection, wholeRowsOf } from "../rows.ts";
import type { Table } from "../table.ts";

export interface Page {
  rows: DataRow[];
  next_cursor: string | null;
  count?: number;
}

type Conditions = Pick<DataCountInput, "filters" | "where">;

type Listed = Pick<DataInclude, "columns" | "filters" | "where" | "order">;

/** What is wrong with a list, but for what it includes. */
export function listFaults(ready: ReadyModel, { columns, order, ...conditions }: Listed): ErrorIssue[] {
  return [
    ...(columns ?? []).flatMap((column, index) => columnFaults(ready, column, `columns.${index}`)),
    ...conditionFaults(ready, conditions),
    ...(order ?? []).flatMap((place, index) => orderFaults(ready, place.column, `order.${index}.column`)),
  ];
}

function conditionFaults(ready: ReadyModel, { filters, where }: Conditions): ErrorIssue[] {
  return [
    ...(filters ?? []).flatMap((filter, index) => filterFaults(ready, filter, `filters.${index}`)),
    ...(where === undefined ? [] : whereFaults(ready, where, "where")),
  ];
}

export async function list(
  table: Table,
  input: DataListInput,
  included: readonly Included[],
  answers: LongestAnswer,
): Promise<Page> {
  const { ready } = table;
  const { columns = ready.columns, filters = [], where, limit, cursor } = input;
  const asText = (column: string) => !isExactInJson(columnType(ready.model.fields, column));
  const order = totalOrder(input.order, ready.primaryKey, asText);
  const places = order.filter(({ column, place }) => place === column).map(({ place }) => place);
  const selected = selection(ready, [...columns, ...places]) + textPlaces(order) + embedding(included);
  const rowsAfter = (after: string | null) => {
    const past = after === null ? [] : [`or(${behindCursor(order, after)})`];
    let query = narrow(withConditions(select(table, selected), ready, input, past), included);
    for (const { column, ascending } of order) query = query.order(column, { ascending, nullsFirst: false });
    return query;
  };
  // a cursor that was tampered with can bring values that no filter did
  const source =
    filters.length > 0 ? "filters" : where !== undefined ? "where" : cursor === undefined ? "filters" : "cursor";
  const read = async (query: PromiseLike<DataAnswer>) => {
    return wholeRowsOf(`Listing ${input.model}`, ready, await query, source);
  };
  const found = await read(rowsAfter(cursor ?? null).limit(limit + 1));
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const hasMore = async (): Promise<boolean> => {
    if (found.length > limit || last === undefined || !answers.mayBeCut(found.length)) return found.length > limit;
    const after = encodeCursor(order, last);
    const { length } = page;
    const next = after === null ? rowsAfter(cursor ?? null).range(length, length) : rowsAfter(after).limit(1);
    return (await read(next)).length > 0;
  };
  const more = await hasMore();
  answers.note(found.length);
  const next_cursor = more && last !== undefined ? cursorAfter(order, last) : null;
  const rows = page.map((row) => withIncluded(row, columns, included));
  if (input.count !== "exact") return { rows, next_cursor };
  return { rows, next_cursor, count: await counted(table, input) };
}

/** How many rows of a model the caller can see that meet the conditions. */
export async function count(table: Table, input: DataCountInput): Promise<number> {
  refuse(conditionFaults(table.ready, input));
  return counted(table, input);
}

async function counted({ client, ready }: Table, input: DataCountInput): Promise<number> {
  const query = client.from(ready.model.table_name).select(ready.primaryKey.join(","), { count: "exact", head: true });
  const { error, status, count } = await withConditions(query, ready, input, []);
  const field = input.filters === undefined && input.where !== undefined ? "where" : "filters";
  // an answer to HEAD has no body: its error says no more than its status
  if (error !== null || count === null) {
    const said = { data: null, error: error ?? { message: "" }, status };
    throw dataError(`Counting ${input.model}`, ready, said, field);
  }
  return count;
}

/** @param further what must hold besides, as expressions of PostgREST's grammar */
function withConditions(
  start: RowQuery,
  ready: ReadyModel,
  { filters = [], where }: Conditions,
  further: readonly string[],
): RowQuery {
  let query = start;
  for (const filter of filters) {
    const { operator, operand } = operationOf(ready, filter);
    query = query.filter(filter.column, operator, operand);
  }
  // in one expression: of several the embedded Data API keeps the last
  const whole = [...(where === undefined ? [] : [whereText(ready, where)]), ...further];
  if (whole.length === 0) return query;
  return query.or(whole.length === 1 ? whole.join("") : `and(${whole.join(",")})`);
}

function behindCursor(order: readonly OrderColumn[], cursor: string): string {
  const values = decodeCursor(order, cursor);
  if (values !== null) return behind(order, values);
  throw invalidField(
    "cursor",
    "cursor",
    "must be next_cursor of a page with the same order",
    "Begin anew without cursor.",
  );
}

/** Longest cursor that comes back in: `cursorSchema`. */
const cursorLimit = 1024;

function cursorAfter(order: readonly OrderColumn[], last: DataRow): string {
  const cursor = encodeCursor(order, last);
  if (cursor !== null && cursor.length <= cursorLimit) return cursor;
  throw invalidField("order", "too_long", "must be by columns with short plain values, or pages cannot be told apart");
}
