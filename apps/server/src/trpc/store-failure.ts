import { lastOperationId, type WaybillDbError } from "@waybill/db";
import { ApiError } from "./api-error.ts";

/** What a store refused or failed with, for the caller; names the operation of the context in force. */
export function storeFailure(failure: WaybillDbError): ApiError {
  const { code, message, hint, issues, cause } = failure;
  // A refusal of the store's own has no cause: no operation failed.
  return new ApiError({
    code,
    message,
    hint,
    issues,
    operationId: cause === undefined ? undefined : lastOperationId(),
    cause: failure,
  });
}
