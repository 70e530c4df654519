import type { TRPCDefaultErrorShape, TRPCError } from "@trpc/server";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import { TRPC_ERROR_CODES_BY_KEY } from "@trpc/server/rpc";
import { type ErrorData, issuesOf } from "@waybill/contracts";
import type { Logger } from "pino";
import { ZodError } from "zod";
import { currentRequestId } from "../http/request-id.ts";
import { ApiError } from "./api-error.ts";
import type { RequestContext } from "./context.ts";
import { reportRefusal } from "./report-refusal.ts";

/** An error as it travels: tRPC's envelope, and in `data` what `errorDataSchema` of the contracts holds. */
export interface ErrorShape {
  readonly message: string;
  /** JSON-RPC's number, which tRPC's clients expect. */
  readonly code: TRPCDefaultErrorShape["code"];
  readonly data: ErrorData & { readonly httpStatus: number; readonly path: string | null };
}

interface Place {
  readonly requestId: string | null;
  readonly path: string | undefined;
}

/** tRPC's error formatter: nothing of the error itself goes out but what `asApiError` vouches for. */
export function formatError({
  error,
  path,
  ctx,
}: {
  readonly error: TRPCError;
  readonly path: string | undefined;
  readonly ctx: RequestContext | undefined;
}): ErrorShape {
  return errorShape(asApiError(error), { requestId: requestIdIn(ctx), path });
}

/** tRPC makes no context for a request that it cannot read. */
function requestIdIn(ctx: RequestContext | undefined): string | null {
  return ctx?.requestId ?? currentRequestId();
}

export function errorShape(error: ApiError, { requestId, path }: Place): ErrorShape {
  return {
    message: error.message,
    code: TRPC_ERROR_CODES_BY_KEY[error.code],
    data: {
      code: error.waybillCode,
      message: error.message,
      hint: error.hint,
      operation_id: error.operationId,
      request_id: requestId,
      ...(error.issues === undefined ? {} : { issues: [...error.issues] }),
      httpStatus: getHTTPStatusCodeFromError(error),
      path: path ?? null,
    },
  };
}

/** Logs what the caller only learns the request id of. For tRPC's `onError`. */
export function reportUnexpected(logger: Logger) {
  return ({
    error,
    path,
    ctx,
  }: {
    error: TRPCError;
    path: string | undefined;
    ctx: RequestContext | undefined;
  }): void => {
    const shown = asApiError(error);
    const request_id = requestIdIn(ctx);
    if (shown.code === "INTERNAL_SERVER_ERROR") {
      const fields = { request_id, path, code: shown.waybillCode };
      logger.error({ ...fields, err: error.cause ?? error }, "a procedure failed unexpectedly");
      return;
    }
    const address = () => ctx?.origin().ipAddress ?? null;
    reportRefusal(logger, shown, { request_id, path, address, user_id: ctx?.knownUser() ?? null });
  };
}

/** What a procedure threw, as its caller will read it. */
export function asApiError(error: TRPCError): ApiError {
  if (error instanceof ApiError) return error;
  return inputError(error) ?? protocolError(error) ?? new ApiError({ code: "INTERNAL", cause: error });
}

/** A schema refused the input. A refused output has the same cause, but is ours: its code is not BAD_REQUEST. */
function inputError({ code, cause }: TRPCError): ApiError | null {
  if (code !== "BAD_REQUEST" || !(cause instanceof ZodError)) return null;
  const issues = issuesOf(cause);
  const first = issues[0];
  const message =
    first === undefined ? undefined : `${first.field === "" ? "The input" : first.field}: ${first.message}`;
  return new ApiError({ code: "VALIDATION_FAILED", issues, cause, ...(message === undefined ? {} : { message }) });
}

const formHint =
  "Send calls as tRPC's HTTP protocol has them, and fewer in one batch if it is too long (the operator sets the limit by WAYBILL_BATCH_CALLS).";

/** tRPC itself refused the call: what it says of it, and what to do. */
const protocolHints: Partial<Record<TRPCError["code"], string>> = {
  NOT_FOUND: "Check the procedure's name: <feature>.<procedure>.",
  METHOD_NOT_SUPPORTED: "Call queries with GET and mutations with POST.",
  UNSUPPORTED_MEDIA_TYPE: "Send JSON with the header content-type: application/json.",
  PAYLOAD_TOO_LARGE: "Send less at once.",
};

function protocolError({ code, message, cause }: TRPCError): ApiError | null {
  if (code === "BAD_REQUEST" || code === "PARSE_ERROR") {
    if (cause instanceof SyntaxError) return malformed("json", "must be valid JSON", { cause });
    return malformed("protocol", message, { cause, hint: formHint });
  }
  const hint = protocolHints[code];
  if (hint === undefined) return null;
  const ours = code === "NOT_FOUND" || code === "PAYLOAD_TOO_LARGE" ? code : "MALFORMED_REQUEST";
  return new ApiError({ code: ours, trpcCode: code, message, hint, cause });
}

function malformed(rule: string, message: string, rest: { readonly cause: unknown; readonly hint?: string }): ApiError {
  return new ApiError({ code: "MALFORMED_REQUEST", message, issues: [{ field: "", rule, message }], ...rest });
}
