import type { DataBatch, DataRow, ErrorIssue, JsonObject } from "@waybill/contracts";
import { ApiError } from "../../../trpc/api-error.ts";
import { dataError, type DataAnswer } from "../data-error.ts";
import type { Once } from "./once.ts";
import { asFailure, refusal, refuse } from "../refuse.ts";
import { notFound, notYours, type Table } from "../table.ts";
import { type ItemToWrite, type RowsToWrite, writeRows, WriteRefused, type WrittenItem } from "./write-rows.ts";

/** What a caller sent to be written, and how it is called in what is said of it. */
export interface Batch {
  /** As the beginning of a sentence: `Creating rows of airports` */
  readonly what: string;
  readonly operation: RowsToWrite["operation"];
  readonly items: readonly Omit<ItemToWrite, "index">[];
  /** What is wrong with each item before the database is asked. */
  readonly faults: readonly (readonly ErrorIssue[])[];
  /** Where the values of an item stand in the input: `rows.3`; of all of them where it cannot be told which one it is. */
  readonly fieldOf: (index: number | null) => string;
  readonly mode: "atomic" | "each";
  readonly conflictColumns?: readonly string[];
  readonly once: Once | null;
}

/** Writes all items or none, or each by itself and tells what became of it. */
export async function writeBatch(table: Table, batch: Batch): Promise<DataBatch> {
  const { mode, faults, once, operation, conflictColumns = [] } = batch;
  if (mode === "atomic") refuse(faults.flat());
  const failed: DataBatch["failed"] = [];
  for (const [index, issues] of faults.entries()) {
    const refused = refusal(issues);
    if (refused !== null) failed.push(asFailure(index, refused));
  }
  const items = batch.items.flatMap((item, index) => (faults[index]?.length === 0 ? [{ index, ...item }] : []));
  const written: [index: number, row: DataRow][] = [];
  const eachAlone = mode === "each";
  const results =
    items.length === 0 ? [] : await sent(table, batch, { operation, items, eachAlone, conflictColumns, once });
  for (const result of results) {
    if (result.row) written.push([result.index, result.row]);
    else failed.push(asFailure(result.index, failureOf(table, batch, result)));
  }
  // a trigger of the table may skip a row and say nothing
  if (mode === "atomic" && failed.length > 0) throw notFound(table.ready.model.model_name);
  return {
    rows: written.map(([, row]) => row),
    written: written.map(([index]) => index),
    failed: failed.toSorted((a, b) => a.index - b.index),
  };
}

/** Writes one row, once. */
export async function writeOne(
  table: Table,
  what: string,
  field: string,
  write: Omit<RowsToWrite, "items"> & { readonly item: JsonItem },
): Promise<DataRow> {
  const { item, ...rest } = write;
  const batch = { what, fieldOf: () => field };
  const [result] = await sent(table, batch, { ...rest, items: [{ index: 0, ...item }] });
  if (result?.row) return result.row;
  throw notFound(table.ready.model.model_name);
}

interface JsonItem {
  readonly row?: JsonObject;
  readonly where?: JsonObject;
  readonly changes?: JsonObject;
}

type Said = Pick<Batch, "what" | "fieldOf">;

async function sent(table: Table, said: Said, write: RowsToWrite): Promise<WrittenItem[]> {
  try {
    return await writeRows(table, write);
  } catch (error) {
    throw error instanceof WriteRefused ? errorOf(table, said, error.answer, error.index) : error;
  }
}

function failureOf(table: Table, batch: Batch, { index, error }: WrittenItem): ApiError {
  if (error === undefined) return notFound(table.ready.model.model_name);
  return errorOf(table, batch, { data: null, error, status: 400 }, index);
}

function errorOf({ ready }: Table, { what, fieldOf }: Said, answer: DataAnswer, index: number | null): ApiError {
  const code = answer.error?.code;
  if (code === "WB404") return notFound(ready.model.model_name);
  if (code === "WB403") return notYours(ready.model.model_name);
  if (code !== "WB409") return dataError(what, ready, answer, fieldOf(index));
  const issues = [
    { field: "idempotency_key", rule: "same_input", message: "must come with the input that it first came with" },
  ];
  return new ApiError({ code: "IDEMPOTENCY_CONFLICT", issues });
}
