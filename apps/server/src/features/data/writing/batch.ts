import type { DataBatch, DataRow, ErrorCode, ErrorIssue, JsonObject } from "@waybill/contracts";
import { ApiError } from "../../../trpc/api-error.ts";
import { dataError, type DataAnswer } from "../data-error.ts";
import type { Once } from "./once.ts";
import { asFailure, refusal, refuse } from "../refuse.ts";
import { notFound, notYours, type Table } from "../table.ts";
import {
  type FailedItem,
  type ItemToWrite,
  type RowsToWrite,
  writeRows,
  WriteRefused,
  type WrittenItem,
} from "./write-rows.ts";

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
  const eachAlone = mode === "each";
  if (!eachAlone && once === null) refuse(faults.flat());
  const refused = faults.flatMap((issues, index) => {
    const error = refusal(issues);
    return error === null ? [] : [asFailure(index, error)];
  });
  const items = batch.items.flatMap((item, index) => (faults[index]?.length === 0 ? [{ index, ...item }] : []));
  const write = { operation, items, eachAlone, conflictColumns, once };
  const failed: FailedItem[] = [];
  let results: readonly WrittenItem[] = [];
  // with a key all goes there: what was answered before counts, and not what is found wrong now
  if (once !== null) results = await sent(table, batch, { ...write, refused }, faults.flat());
  else {
    failed.push(...refused);
    if (items.length > 0) results = await sent(table, batch, write, []);
  }
  const written: [index: number, row: DataRow][] = [];
  for (const result of results) {
    if (result.row) written.push([result.index, result.row]);
    else failed.push(result.refused ?? asFailure(result.index, failureOf(table, batch, result)));
  }
  return {
    rows: written.map(([, row]) => row),
    written: written.map(([index]) => index),
    failed: failed.toSorted((a, b) => a.index - b.index),
  };
}

/** Writes one row, once. Faults found before end it where its key was not there already. */
export async function writeOne(
  table: Table,
  what: string,
  field: string,
  write: Omit<RowsToWrite, "items"> & { readonly item: JsonItem; readonly faults: readonly ErrorIssue[] },
): Promise<DataRow> {
  const { item, faults, ...rest } = write;
  const error = refusal(faults);
  const items = error === null ? [{ index: 0, ...item }] : [];
  const refused = error === null ? [] : [asFailure(0, error)];
  const batch = { what, fieldOf: () => field };
  const [result] = await sent(table, batch, { ...rest, items, refused }, faults);
  if (result?.row) return result.row;
  throw notFound(table.ready.model.model_name);
}

interface JsonItem {
  readonly row?: JsonObject;
  readonly where?: JsonObject;
  readonly changes?: JsonObject;
}

type Said = Pick<Batch, "what" | "fieldOf">;

/** @param faults what ends the write where no answer was given before */
async function sent(
  table: Table,
  said: Said,
  write: RowsToWrite,
  faults: readonly ErrorIssue[],
): Promise<WrittenItem[]> {
  try {
    return await writeRows(table, write);
  } catch (error) {
    if (!(error instanceof WriteRefused)) throw error;
    if (error.answer.error?.code === "WB422") refuse(faults);
    throw errorOf(table, said, error.answer, error.index);
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
  if (code === "WB409") {
    return ofKey("IDEMPOTENCY_CONFLICT", "same_input", "must come with the input that it first came with");
  }
  if (code === "WB413") {
    const message = "must be for a smaller answer, since 4 MiB are kept at most: write fewer rows, or without a key";
    return ofKey("PAYLOAD_TOO_LARGE", "too_large", message);
  }
  return dataError(what, ready, answer, fieldOf(index));
}

function ofKey(code: ErrorCode, rule: string, message: string): ApiError {
  const field = "idempotency_key";
  return new ApiError({ code, message: `${field} ${message}`, issues: [{ field, rule, message }] });
}
