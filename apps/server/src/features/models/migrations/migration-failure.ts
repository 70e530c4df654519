import type { ErrorIssue } from "@waybill/contracts";
import { MigrationError } from "@waybill/db";
import { ApiError } from "../../../trpc/api-error.ts";

/** Runs `work`, and says what the library refused as a caller of procedures reads it; `field` is what its lines are about. */
export async function asApiFailure<T>(work: () => Promise<T>, field = "plan"): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof MigrationError ? migrationFailure(error, field) : error;
  }
}

/** Codes whose remedy names options of the library. */
const ownRemedies = new Set(["CONFIRMATION_NEEDED", "MIGRATION_TIMEOUT"]);

function migrationFailure(error: MigrationError, field: string): ApiError {
  const { code, message, hint } = error;
  const issues = [...rowIssues(error), ...error.lines.map((line) => ({ field, rule: code, message: line }))];
  return new ApiError({
    code,
    message,
    ...(ownRemedies.has(code) ? {} : { hint }),
    ...(issues.length === 0 ? {} : { issues }),
    cause: error,
  });
}

function rowIssues({ rows, code }: MigrationError): ErrorIssue[] {
  if (rows === undefined) return [];
  const count = rows.count === null ? "rows do not fit" : `${rows.count} rows do not fit`;
  const example = rows.example === null ? "" : `, one of them is ${rows.example}`;
  return [{ field: rows.table ?? "", rule: code, message: `${count}${example}` }];
}
