import type { ErrorCode } from "@waybill/contracts";
import { type Answer, lastOperationId, storeError } from "@waybill/db";
import { ApiError } from "../../trpc/api-error.ts";
import { refusedColumns, type RefusedModel } from "./refused-columns.ts";

export type DataAnswer = Answer;

/** What Postgres holds against the values that it was sent. All else, such as a network's failure, is about no field. */
const ofValues: ReadonlySet<ErrorCode> = new Set([
  "UNIQUE_VIOLATION",
  "FOREIGN_KEY_VIOLATION",
  "NOT_NULL_VIOLATION",
  "CHECK_VIOLATION",
  "INVALID_VALUE",
  "RLS_DENIED",
]);
/** The caller's own names were checked before: here the table is not as its model says. */
const ofModel: ReadonlySet<ErrorCode> = new Set(["UNKNOWN_TABLE", "UNKNOWN_COLUMN"]);

/**
 * What the database refused, with the columns that it named.
 *
 * @param what was asked, as the beginning of the sentence: `Creating a row of airports`
 * @param field of the input that the refused values came by
 */
export function dataError(what: string, model: RefusedModel, answer: DataAnswer, field: string): ApiError {
  const failure = storeError(what, answer);
  const { code, message, hint, sqlstate } = failure;
  const rule = sqlstate ?? code.toLowerCase();
  const fields = fieldsOf(code, model, answer, field);
  const layer = ofValues.has(code) ? ({ layer: "database" } as const) : {};
  return new ApiError({
    code,
    message,
    hint,
    issues: fields.length === 0 ? undefined : fields.map((name) => ({ field: name, rule, message, ...layer })),
    operationId: lastOperationId(),
    cause: failure,
  });
}

function fieldsOf(code: ErrorCode, model: RefusedModel, { error }: DataAnswer, field: string): string[] {
  if (ofModel.has(code)) return ["model"];
  if (!ofValues.has(code)) return [];
  const columns = error === null ? [] : refusedColumns(error, model);
  return columns.length === 0 ? [field] : columns.map((column) => `${field}.${column}`);
}
