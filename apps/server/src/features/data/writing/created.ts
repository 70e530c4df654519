import type { DataBatch, DataRow, JsonObject } from "@waybill/contracts";
import { ApiError } from "../../../trpc/api-error.ts";
import { asFailure } from "../refuse.ts";
import { notFound, type Table } from "../table.ts";

/** What one insert of several rows has written. A trigger of the table may skip rows and say nothing: the others are there. */
export function createdOf({ ready }: Table, given: readonly JsonObject[], rows: DataRow[]): DataBatch {
  const { primaryKey, model } = ready;
  if (rows.length === given.length) return { rows, written: [...rows.keys()], failed: [] };
  const keyOf = (row: JsonObject) => JSON.stringify(primaryKey.map((column) => row[column]));
  const places = new Map(given.map((row, index) => [keyOf(row), index]));
  const written = rows.flatMap((row) => places.get(keyOf(row)) ?? []);
  if (written.length < rows.length) {
    throw new ApiError({
      code: "NOT_FOUND",
      message: `${given.length - rows.length} rows were skipped by a trigger of ${model.table_name}, and the others written`,
      hint: "Do not send them all again: list what is there. With mode each, or rows that give their key, the answer tells which.",
    });
  }
  const skipped = [...given.keys()].filter((index) => !written.includes(index));
  return { rows, written, failed: skipped.map((index) => asFailure(index, notFound(model.model_name))) };
}
