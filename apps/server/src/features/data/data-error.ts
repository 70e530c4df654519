import type { ErrorIssue } from "@waybill/contracts";
import { type Answer, lastOperationId, storeError } from "@waybill/db";
import { ApiError } from "../../trpc/api-error.ts";
import { refusedColumns, type RefusedModel } from "./refused-columns.ts";

export type DataAnswer = Answer;

/**
 * What the database refused, with the columns that it named.
 *
 * @param what was asked, as the beginning of the sentence: `Creating a row of airports`
 * @param field of the input that the refused values came by
 */
export function dataError(what: string, model: RefusedModel, answer: DataAnswer, field: string): ApiError {
  const failure = storeError(what, answer);
  const { code, message, hint, sqlstate } = failure;
  const issue = (name: string): ErrorIssue => ({ field: name, rule: sqlstate ?? code.toLowerCase(), message });
  const columns = answer.error === null ? [] : refusedColumns(answer.error, model);
  return new ApiError({
    code,
    message,
    hint,
    issues: columns.length === 0 ? [issue(field)] : columns.map((column) => issue(`${field}.${column}`)),
    operationId: lastOperationId(),
    cause: failure,
  });
}
