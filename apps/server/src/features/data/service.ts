import type { SupabaseClient } from "@supabase/supabase-js";
import {
  type DataBatch,
  type DataCreateInput,
  type DataCreateManyInput,
  type DataListInput,
  type DataRemoveInput,
  type DataRow,
  dataRowSchema,
  type DataUpdateInput,
  type DataUpdateManyInput,
  type DataUpsertInput,
  type ErrorIssue,
  type JsonObject,
} from "@waybill/contracts";
import { type LongestAnswer, longestAnswer, type Waybill } from "@waybill/db";
import { z } from "zod";
import type { RowResult } from "@waybill/contracts/json-schema";
import { invalidField } from "../../trpc/api-error.ts";
import type { ModelLookup, ReadyModel } from "../models/model-lookup.ts";
import type { Caller } from "../sessions/caller.ts";
import { behind, decodeCursor, encodeCursor, type OrderColumn, totalOrder } from "./keyset.ts";
import { writeBatch, writeOne } from "./batch.ts";
import { dataError, type DataAnswer } from "./data-error.ts";
import { columnFaults, conflictFaults, filterFaults, keyFaults, orderFaults, whereFaults } from "./faults.ts";
import { operationOf, whereText } from "./filter-text.ts";
import { onceOf } from "./once.ts";
import { refuse } from "./refuse.ts";
import { notFound, notYours, type Table } from "./table.ts";

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
  create(call: DataCall, input: DataCreateInput): Promise<DataRow>;
  createMany(call: DataCall, input: DataCreateManyInput): Promise<DataBatch>;
  /** Writes the row, or changes the one that has these values of the key or of a unique index. */
  upsert(call: DataCall, input: DataUpsertInput): Promise<DataRow>;
  /** Throws NOT_FOUND for a row that the caller cannot see, RLS_DENIED for one that it may see but not change. */
  update(call: DataCall, input: DataUpdateInput): Promise<DataRow>;
  /** As update, for each of them. */
  updateMany(call: DataCall, input: DataUpdateManyInput): Promise<DataBatch>;
  /** As update; answers with the row as it was. */
  remove(call: DataCall, input: DataRemoveInput): Promise<DataRow>;
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
        const found = await findByKey(table, key);
        if (found === undefined) throw notFound(model);
        return found;
      }),

    create: (call, input) =>
      onTable(call, input.model, async (table) => {
        const { ready, client } = table;
        const { model, row } = input;
        refuse(rowFaults(ready, row, "row"));
        const what = `Creating a row of ${model}`;
        const once = onceOf("data.create", input);
        if (once !== null) return writeOne(table, what, "row", { operation: "create", item: { row }, once });
        const answer = await from(client, ready).insert(row, { defaultToNull: false }).select(selection(ready));
        return theOne(model, rowsOf(what, ready, answer, "row"));
      }),

    createMany: (call, input) =>
      onTable(call, input.model, async (table) => {
        const { ready, client } = table;
        const { model, rows, mode } = input;
        const faults = rows.map((row, index) => rowFaults(ready, row, `rows.${index}`));
        const what = `Creating rows of ${model}`;
        const once = onceOf("data.createMany", input);
        if (mode === "each" || once !== null) {
          const items = rows.map((row) => ({ row }));
          const fieldOf = (index: number | null) => (index === null ? "rows" : `rows.${index}`);
          return writeBatch(table, { what, operation: "create", items, faults, fieldOf, mode, once });
        }
        refuse(faults.flat());
        const answer = await from(client, ready)
          .insert([...rows], { defaultToNull: false })
          .select(selection(ready));
        const created = rowsOf(what, ready, answer, "rows");
        return { rows: created, written: [...created.keys()], failed: [] };
      }),

    upsert: (call, input) =>
      onTable(call, input.model, async (table) => {
        const { ready, client } = table;
        const { model, row, on_conflict: conflictColumns = ready.primaryKey } = input;
        refuse([...conflictFaults(ready, row, conflictColumns), ...rowFaults(ready, row, "row")]);
        const what = `Writing a row of ${model}`;
        const once = onceOf("data.upsert", input);
        if (once !== null) {
          return writeOne(table, what, "row", { operation: "upsert", item: { row }, conflictColumns, once });
        }
        const answer = await from(client, ready)
          .upsert(row, { onConflict: conflictColumns.join(","), defaultToNull: false })
          .select(selection(ready));
        return theOne(model, rowsOf(what, ready, answer, "row"));
      }),

    update: (call, input) =>
      onTable(call, input.model, async (table) => {
        const { ready, client } = table;
        const { model, key, changes } = input;
        refuse(await updateFaults(table, { key, changes }));
        const what = `Updating a row of ${model}`;
        const once = onceOf("data.update", input);
        if (once !== null) {
          const item = { where: key, changes };
          return writeOne(table, what, "changes", { operation: "update", item, once });
        }
        const answer = await from(client, ready).update(changes).match(key).select(selection(ready));
        const [row] = rowsOf(what, ready, answer, "changes");
        return row ?? unchanged(table, key);
      }),

    updateMany: (call, input) =>
      onTable(call, input.model, async (table) => {
        const { model, updates, mode } = input;
        const faults: (readonly ErrorIssue[])[] = [];
        for (const [index, update] of updates.entries()) {
          faults.push(await updateFaults(table, update, `updates.${index}.`));
        }
        const what = `Updating rows of ${model}`;
        const items = updates.map(({ key, changes }) => ({ where: key, changes }));
        const fieldOf = (index: number | null) => (index === null ? "updates" : `updates.${index}.changes`);
        const once = onceOf("data.updateMany", input);
        return writeBatch(table, { what, operation: "update", items, faults, fieldOf, mode, once });
      }),

    remove: (call, input) =>
      onTable(call, input.model, async (table) => {
        const { ready, client } = table;
        const { model, key } = input;
        refuse(keyFaults(ready, key));
        const what = `Removing a row of ${model}`;
        const once = onceOf("data.remove", input);
        if (once !== null) return writeOne(table, what, "key", { operation: "delete", item: { where: key }, once });
        const answer = await from(client, ready).delete().match(key).select(selection(ready));
        const [row] = rowsOf(what, ready, answer, "key");
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
  throw (await findByKey(table, key)) === undefined ? notFound(model_name) : notYours(model_name);
}

/** A trigger of the table may skip a row and say nothing. */
function theOne(model: string, [row]: readonly DataRow[]): DataRow {
  if (row === undefined) throw notFound(model);
  return row;
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

function rowFaults({ validator }: ReadyModel, row: JsonObject, prefix: string): ErrorIssue[] {
  const result = validator.row(row);
  return result.ok ? [] : prefixed(result.issues, prefix);
}

/** Rules over several columns need the others as they are: the row is read where that is so. */
async function updateFaults(
  table: Table,
  { key, changes }: { readonly key: JsonObject; readonly changes: JsonObject },
  prefix = "",
): Promise<readonly ErrorIssue[]> {
  const { validator } = table.ready;
  const ofChanges = (result: RowResult) => (result.ok ? [] : prefixed(result.issues, `${prefix}changes`));
  const alone = [...keyFaults(table.ready, key, `${prefix}key`), ...ofChanges(validator.changes(changes))];
  if (alone.length > 0 || !validator.needsBefore(Object.keys(changes))) return alone;
  const before = await findByKey(table, key);
  // one that the caller cannot see is told by the update itself
  return before === undefined ? [] : ofChanges(validator.changes(changes, before));
}

function prefixed(issues: readonly ErrorIssue[], prefix: string): ErrorIssue[] {
  return issues.map((issue) => ({ ...issue, field: issue.field === "" ? prefix : `${prefix}.${issue.field}` }));
}
