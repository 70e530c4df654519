import type { ErrorIssue } from "@waybill/contracts";
import { type Answer, lastOperationId, storeError } from "@waybill/db";
import { ApiError } from "../../trpc/api-error.ts";

export type DataAnswer = Answer;

/**
 * What the database refused, with the columns that it named.
 *
 * @param what was asked, as the beginning of the sentence: `Creating a row of airports`
 * @param field of the input that the refused values came by
 */
export function dataError(what: string, answer: DataAnswer, field: string): ApiError {
  const failure = storeError(what, answer);
  const { code, message, hint, sqlstate } = failure;
  const issue = (name: string): ErrorIssue => ({ field: name, rule: sqlstate ?? code.toLowerCase(), message });
  const columns = columnsNamed(answer);
  return new ApiError({
    code,
    message,
    hint,
    issues: columns.length === 0 ? [issue(field)] : columns.map((column) => issue(`${field}.${column}`)),
    operationId: lastOperationId(),
    cause: failure,
  });
}

const keyDetail = /^Key \(([^)]+)\)=/;
const columnMessage = /\bcolumn "([^"]+)"/;

/** The columns that Postgres names in a violation; none when it names none. */
function columnsNamed({ error }: DataAnswer): string[] {
  const ofKey = typeof error?.details === "string" ? keyDetail.exec(error.details)?.[1]?.split(", ") : undefined;
  const ofMessage = columnMessage.exec(error?.message ?? "")?.[1];
  return ofKey ?? (ofMessage === undefined ? [] : [ofMessage]);
}
