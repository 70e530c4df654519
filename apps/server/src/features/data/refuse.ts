import type { DataBatch, ErrorIssue } from "@waybill/contracts";
import { ApiError } from "../../trpc/api-error.ts";

/** The error of an input with these faults; null for none. */
export function refusal(issues: readonly ErrorIssue[]): ApiError | null {
  const [first] = issues;
  if (first === undefined) return null;
  const unknown = issues.every(({ rule }) => rule === "unknown_column");
  return new ApiError({
    code: unknown ? "UNKNOWN_COLUMN" : "VALIDATION_FAILED",
    message: `${first.field} ${first.message}`,
    issues: issues.slice(0, 50),
  });
}

export function refuse(issues: readonly ErrorIssue[]): void {
  const refused = refusal(issues);
  if (refused !== null) throw refused;
}

/** What a batch tells of an item that was not written. */
export function asFailure(index: number, { waybillCode, message, issues }: ApiError): DataBatch["failed"][number] {
  return { index, code: waybillCode, message, issues: [...(issues ?? [])] };
}
