import { isTRPCClientError } from "@trpc/client";
import type { AppRouter } from "@waybill/server/router";

/**
 * What the server says of a refused or failed call: a stable `code`, what happened, what to do (`hint`), the ids under
 * which it is recorded, and for bad input the fields with the rules that they break (`issues`).
 */
export type WaybillErrorData = AppRouter["_def"]["_config"]["$types"]["errorShape"]["data"];

/** The server's word on why a call was rejected; undefined when the error is none of the server's: network, deadline. */
export function waybillErrorOf(error: unknown): WaybillErrorData | undefined {
  if (!isTRPCClientError<AppRouter>(error) || !error.data) return undefined;
  // another program at this address may speak tRPC too
  return typeof error.data.hint === "string" ? error.data : undefined;
}
