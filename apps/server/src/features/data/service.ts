import type { SupabaseClient } from "@supabase/supabase-js";
import { type DataListInput, type DataRow, dataRowSchema, type ErrorIssue, type JsonObject } from "@waybill/contracts";
import { type LongestAnswer, longestAnswer, type Waybill } from "@waybill/db";
import { z } from "zod";
import { ApiError, invalidField } from "../../trpc/api-error.ts";
import type { ModelLookup, ReadyModel } from "../models/model-lookup.ts";
import type { Caller } from "../sessions/caller.ts";
import { behind, decodeCursor, encodeCursor, type OrderColumn, totalOrder } from "./keyset.ts";
import { dataError, type DataAnswer } from "./data-error.ts";
import { columnFaults, filterFaults, keyFaults, orderFaults, whereFaults } from "./faults.ts";
import { operationOf, whereText } from "./filter-text.ts";

/** Who calls, and under which request. */
export interface DataCall {
  readonly caller: Caller;
  readonly requestId: string;
}

interface Named {
  readonly model: string;
}
interface Keyed extends Named {
  readonly key: JsonObject;
}
interface Page {
  rows: DataRow[];
  next_cursor: string | null;
}

/**
 * Rows of a model under the caller's row-level security. All throw UNKNOWN_MODEL, MODEL_INACTIVE, VALIDATION_FAILED with
 * the fields, and what the database refuses: RLS_DENIED, UNIQUE_VIOLATION, FOREIGN_KEY_VIOLATION, …
 */
export interface DataService {
  list(call: DataCall, input: DataListInput): Promise<Page>;
  /** Throws NOT_FOUND. */
  get(call: DataCall, input: Keyed): Promise<DataRow>;
  create(call: DataCall, input: Named & { readonly row: JsonObject }): Promise<DataRow>;
  /** All rows or none. */
  createMany(call: DataCall, input: Named & { readonly rows: readonly JsonObject[] }): Promise<{ rows: DataRow[] }>;
  /** Throws NOT_FOUND for a row that the caller cannot see, RLS_DENIED for one that it may see but not change. */
  update(call: DataCall, input: Keyed & { readonly changes: JsonObject }): Promise<DataRow>;
  /** As update; answers with the row as it was. */
  remove(call: DataCall, input: Keyed): Promise<DataRow>;
}

/** A model's table as the caller reaches it. */
interface Table {
  readonly ready: ReadyModel;
  readonly client: SupabaseClient;
}

/** Beyond this, a list of columns would crowd the URL; all columns are asked for then, and the model's kept. */
const selectLimit = 4000;

export function createDataService(waybill: Waybill, lookup: ModelLookup): DataService {
  const answers = longestAnswer();
  const onTable = async <T>(
    { caller, requestId }: DataCall,
    name: string,
    work: (table: Table) => Promise<T>,
  ): Promise<T> => {
    const ready = await lookup.active(name);
    const context = {
      request_id: requestId,
      user_id: caller.userId,
      session_id: caller.held?.session.session_id ?? null,
      model_id: ready.model.model_id,
      schema_version: ready.model.schema_version,
    };
    // Tables of models are not in the generated types; rows are parsed by their contract instead.
    const client: SupabaseClient = waybill.forUser(caller.accessToken);
    return waybill.run(context, () => work({ ready, client }));
  };

  return {
    list: (call, input) => onTable(call, input.model, (table) => list(table, input, answers)),

    get: (call, { model, key }) =>
      onTable(call, model, async (table) => {
        refuse(keyFaults(table.ready, key));
        return (await findByKey(table, key)) ?? notFound(model);
      }),

    create: (call, { model, row }) =>
      onTable(call, model, async ({ ready, client }) => {
        refuse(rowFaults(ready, row, "row"));
        const answer = await from(client, ready).insert(row, { defaultToNull: false }).select(selection(ready));
        const [created] = rowsOf(`Creating a row of ${model}`, ready, answer, "row");
        return created ?? notFound(model);
      }),

    createMany: (call, { model, rows }) =>
      onTable(call, model, async ({ ready, client }) => {
        refuse(rows.flatMap((row, index) => rowFaults(ready, row, `rows.${index}`)));
        const answer = await from(client, ready)
          .insert([...rows], { defaultToNull: false })
          .select(selection(ready));
        return { rows: rowsOf(`Creating rows of ${model}`, ready, answer, "rows") };
      }),

    update: (call, { model, key, changes }) =>
      onTable(call, model, async (table) => {
        const { ready, client } = table;
        refuse([...keyFaults(ready, key), ...changeFaults(ready, changes)]);
        const answer = await from(client, ready).update(changes).match(key).select(selection(ready));
        const [row] = rowsOf(`Updating a row of ${model}`, ready, answer, "changes");
        return row ?? unchanged(table, key);
      }),

    remove: (call, { model, key }) =>
      onTable(call, model, async (table) => {
        const { ready, client } = table;
        refuse(keyFaults(ready, key));
        const answer = await from(client, ready).delete().match(key).select(selection(ready));
        const [row] = rowsOf(`Removing a row of ${model}`, ready, answer, "key");
        return row ?? unchanged(table, key);
      }),
  };
}

async function list({ ready, client }: Table, input: DataListInput, answers: LongestAnswer): Promise<Page> {
  const { columns = ready.columns, filters = [], where, limit, cursor } = input;
  refuse([
    ...(input.columns ?? []).flatMap((column, index) => columnFaults(ready, column, `columns.${index}`)),
    ...filters.flatMap((filter, index) => filterFaults(ready, filter, `filters.${index}`)),
    ...(where === undefined ? [] : whereFaults(ready, where, "where")),
    ...(input.order ?? []).flatMap((place, index) => orderFaults(ready, place.column, `order.${index}.column`)),
  ]);
  const order = totalOrder(input.order, ready.primaryKey);
  const selected = selection(ready, [...columns, ...order.map(({ column }) => column)]);
  const rowsAfter = (after: string | null) => {
    let query = from(client, ready).select(selected);
    for (const filter of filters) {
      const { operator, operand } = operationOf(ready, filter);
      query = query.filter(filter.column, operator, operand);
    }
    // in one expression: of several the embedded Data API keeps the last
    const whole = [
      ...(where === undefined ? [] : [whereText(ready, where)]),
      ...(after === null ? [] : [`or(${behindCursor(order, after)})`]),
    ];
    if (whole.length > 0) query = query.or(whole.length === 1 ? whole.join("") : `and(${whole.join(",")})`);
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
  return { rows: page.map((row) => only(row, columns)), next_cursor };
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

function from(client: SupabaseClient, { model }: ReadyModel) {
  return client.from(model.table_name);
}

function selection({ columns }: ReadyModel, wanted: readonly string[] = columns): string {
  const list = [...new Set(wanted)].join(",");
  return list.length <= selectLimit ? list : "*";
}

async function findByKey({ ready, client }: Table, key: JsonObject): Promise<DataRow | undefined> {
  const answer = await from(client, ready).select(selection(ready)).match(key).limit(1);
  return rowsOf(`Reading a row of ${ready.model.model_name}`, ready, answer, "key")[0];
}

/** Nothing was changed: is the row not there for this caller, or there to be read only? */
async function unchanged(table: Table, key: JsonObject): Promise<never> {
  const { model_name } = table.ready.model;
  if ((await findByKey(table, key)) === undefined) return notFound(model_name);
  throw new ApiError({
    code: "RLS_DENIED",
    message: `A policy lets you read this row of ${model_name}, but not change it`,
  });
}

function notFound(model: string): never {
  throw new ApiError({ code: "NOT_FOUND", message: `${model} has no such row, or you may not see it` });
}

const rowsSchema = z.array(dataRowSchema);

/** The rows of an answer, with the model's columns. */
function rowsOf(what: string, ready: ReadyModel, answer: DataAnswer, field: string): DataRow[] {
  return wholeRowsOf(what, ready, answer, field).map((row) => only(row, ready.columns));
}

/** The rows of an answer as the table has them, which may be more columns than its model tells. */
function wholeRowsOf(what: string, ready: ReadyModel, answer: DataAnswer, field: string): DataRow[] {
  if (answer.error !== null) throw dataError(what, ready, answer, field);
  return rowsSchema.parse(answer.data);
}

/** The columns that were asked for: the cursor needs others, and a table may have more than its model tells. */
function only(row: DataRow, columns: readonly string[]): DataRow {
  const given = Object.keys(row);
  if (given.length === columns.length && given.every((column, index) => column === columns[index])) return row;
  return Object.fromEntries(columns.flatMap((column) => (row[column] === undefined ? [] : [[column, row[column]]])));
}

function rowFaults({ validate }: ReadyModel, row: JsonObject, prefix: string): ErrorIssue[] {
  const result = validate(row);
  return result.ok ? [] : prefixed(result.issues, prefix);
}

function changeFaults({ validate }: ReadyModel, changes: JsonObject): ErrorIssue[] {
  const result = validate(changes, { partial: true });
  return result.ok ? [] : prefixed(result.issues, "changes");
}

function prefixed(issues: readonly ErrorIssue[], prefix: string): ErrorIssue[] {
  return issues.map((issue) => ({ ...issue, field: issue.field === "" ? prefix : `${prefix}.${issue.field}` }));
}

function refuse(issues: readonly ErrorIssue[]): void {
  const [first] = issues;
  if (first === undefined) return;
  const unknown = issues.every(({ rule }) => rule === "unknown_column");
  throw new ApiError({
    code: unknown ? "UNKNOWN_COLUMN" : "VALIDATION_FAILED",
    message: `${first.field} ${first.message}`,
    issues: issues.slice(0, 50),
  });
}
