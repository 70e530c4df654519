import {
  type DataBatch,
  dataBatchOutputSchema,
  type DataRow,
  dataRowSchema,
  type JsonObject,
} from "@waybill/contracts";
import { z } from "zod";
import { ApiError } from "../../../trpc/api-error.ts";
import type { DataAnswer } from "../data-error.ts";
import type { Once } from "./once.ts";
import type { Table } from "../table.ts";

/** A write that the Data API's own requests cannot say: of several rows each by itself, or of what is done once. */
export interface RowsToWrite {
  readonly operation: "create" | "upsert" | "update" | "delete";
  readonly items: readonly ItemToWrite[];
  /** What was found wrong with others: part of the answer where each is by itself, else the end of all. Only with a key. */
  readonly refused?: readonly FailedItem[];
  readonly eachAlone?: boolean;
  readonly conflictColumns?: readonly string[];
  readonly once: Once | null;
}

export type FailedItem = DataBatch["failed"][number];

export interface ItemToWrite {
  /** Which one it is of those that the caller sent. */
  readonly index: number;
  readonly row?: JsonObject;
  readonly where?: JsonObject;
  readonly changes?: JsonObject;
}

/** What became of one item. */
export interface WrittenItem {
  readonly index: number;
  /** Null where a trigger kept it from being written. */
  readonly row?: DataRow | null | undefined;
  readonly error?: { readonly code: string; readonly message: string; readonly details: string } | undefined;
  readonly refused?: FailedItem | undefined;
}

const answerSchema = z.object({
  results: z.array(
    z.object({
      index: z.int(),
      row: dataRowSchema.nullable().optional(),
      error: z.object({ code: z.string(), message: z.string(), details: z.string() }).optional(),
      refused: dataBatchOutputSchema.shape.failed.element.optional(),
    }),
  ),
});

/** Refusals that are about one item say which. */
const ofItem = /^item (\d+): /;

export class WriteRefused extends Error {
  readonly answer: DataAnswer;
  /** Null where the database does not tell. */
  readonly index: number | null;

  constructor(answer: DataAnswer, index: number | null) {
    super("the database refused a write");
    this.answer = answer;
    this.index = index;
  }
}

/**
 * Writes by `write_rows`, in one transaction, as the caller.
 *
 * @throws {@link WriteRefused} with what the database said
 */
export async function writeRows({ ready, client }: Table, write: RowsToWrite): Promise<WrittenItem[]> {
  const { operation, items, refused = [], eachAlone = false, conflictColumns = null, once } = write;
  const target = ready.model.table_name;
  const answer = await client
    .rpc("write_rows", {
      operation,
      target,
      items,
      returned: ready.columns,
      each_alone: eachAlone,
      conflict_columns: conflictColumns,
      of_procedure: once?.procedure ?? null,
      idempotency_key: once?.key ?? null,
      input_hash: once?.inputHash ?? null,
      refused,
    })
    .setHeader("x-waybill-operation", `${operation === "upsert" ? "create" : operation} ${target}`);
  if (answer.error === null) return answerSchema.parse(answer.data).results;
  if (answer.error.code === "PGRST202") {
    throw new ApiError({
      code: "UNKNOWN_TABLE",
      message: "The database lacks the function write_rows, by which this is written",
      hint: "Apply the migrations of this version of Waybill (supabase db push).",
    });
  }
  const [prefix = "", index] = ofItem.exec(answer.error.message) ?? [];
  const { status, error } = answer;
  const { code, details } = error;
  const said = { status, data: null, error: { code, details, message: error.message.slice(prefix.length) } };
  throw new WriteRefused(said, index === undefined ? null : Number(index));
}
