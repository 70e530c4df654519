import type { SupabaseClient } from "@supabase/supabase-js";
import { type DataRow, dataRowSchema, type JsonObject } from "@waybill/contracts";
import { z } from "zod";
import type { ReadyModel } from "../models/model-lookup.ts";
import { type DataAnswer, dataError } from "./data-error.ts";
import { notFound, notYours, type Table } from "./table.ts";

/** Beyond this, a list of columns would crowd the URL; all columns are asked for then, and the model's kept. */
const selectLimit = 4000;

export function from(client: SupabaseClient, { model }: ReadyModel) {
  return client.from(model.table_name);
}

/** A read under way, which conditions and the like are added to. */
export type RowQuery = ReturnType<typeof select>;

export function select({ client, ready }: Table, selected: string) {
  return from(client, ready).select(selected);
}

export function selection({ columns }: ReadyModel, wanted: readonly string[] = columns): string {
  const list = [...new Set(wanted)].join(",");
  return list.length <= selectLimit ? list : "*";
}

export async function findByKey(table: Table, key: JsonObject): Promise<DataRow | undefined> {
  const { ready } = table;
  const answer = await select(table, selection(ready)).match(key).limit(1);
  return rowsOf(`Reading a row of ${ready.model.model_name}`, ready, answer, "key")[0];
}

/** Nothing was changed: is the row not there for this caller, or there to be read only? */
export async function unchanged(table: Table, key: JsonObject): Promise<never> {
  const { model_name } = table.ready.model;
  throw (await findByKey(table, key)) === undefined ? notFound(model_name) : notYours(model_name);
}

/** A trigger of the table may skip a row and say nothing. */
export function theOne(model: string, [row]: readonly DataRow[]): DataRow {
  if (row === undefined) throw notFound(model);
  return row;
}

const rowsSchema = z.array(dataRowSchema);

/** The rows of an answer, with the model's columns. */
export function rowsOf(what: string, ready: ReadyModel, answer: DataAnswer, field: string): DataRow[] {
  return wholeRowsOf(what, ready, answer, field).map((row) => only(row, ready.columns));
}

/** The rows of an answer as the table has them, which may be more columns than its model tells. */
export function wholeRowsOf(what: string, ready: ReadyModel, answer: DataAnswer, field: string): DataRow[] {
  if (answer.error !== null) throw dataError(what, ready, answer, field);
  return rowsSchema.parse(answer.data);
}

/** The columns that were asked for: the cursor needs others, and a table may have more than its model tells. */
export function only(row: JsonObject, columns: readonly string[]): DataRow {
  const given = Object.keys(row);
  if (given.length === columns.length && given.every((column, index) => column === columns[index])) return { ...row };
  return Object.fromEntries(columns.flatMap((column) => (row[column] === undefined ? [] : [[column, row[column]]])));
}
