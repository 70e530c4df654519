import type { ErrorRequestHandler, RequestHandler } from "express";
import type { Logger } from "pino";
import { ApiError } from "../trpc/api-error.ts";
import { errorShape } from "../trpc/format-error.ts";
import { reportRefusal } from "../trpc/report-refusal.ts";
import { bodyTooLarge } from "./body.ts";
import { requestIdOf } from "./request-id.ts";

/** For every path that nothing else answers. */
export const answerNotFound: RequestHandler = (request) => {
  throw new ApiError({
    code: "NOT_FOUND",
    message: `There is nothing at ${request.path.slice(0, 200)}`,
    hint: "Procedures are at /trpc/<feature>.<procedure>; the server's state is at /health and /ready.",
  });
};

/** Answers what was thrown before tRPC took over, in the same shape as a procedure's error. */
export function answerErrors(logger: Logger): ErrorRequestHandler {
  // Express knows it by its four parameters
  return (cause, request, response, _next) => {
    const requestId = requestIdOf(response);
    if (response.headersSent) {
      // Express itself would print the stack past the log
      logger.warn({ err: cause, request_id: requestId }, "an answer broke off");
      response.destroy();
      return;
    }
    const error = cause instanceof ApiError ? cause : fromHttpError(cause);
    if (error === null) logger.error({ err: cause, request_id: requestId }, "a request failed unexpectedly");
    else {
      const address = () => request.ip ?? null;
      reportRefusal(logger, error, { request_id: requestId, path: request.path.slice(0, 200), address, user_id: null });
    }
    const shape = errorShape(error ?? unexpected(cause), { requestId, path: undefined });
    if (error?.retryAfterSeconds !== undefined) response.setHeader("retry-after", error.retryAfterSeconds);
    response.status(shape.data.httpStatus).json({ error: shape });
  };
}

function unexpected(cause: unknown): ApiError {
  return new ApiError({
    code: "INTERNAL",
    message: "The request failed for a reason that is ours",
    hint: "Report the request_id to the operator; the server's log has the cause under it.",
    cause,
  });
}

/** Errors of body-parser and of Express's router carry a status; theirs are the caller's doing (4xx). */
function fromHttpError(cause: unknown): ApiError | null {
  if (typeof cause !== "object" || cause === null || !("status" in cause)) return null;
  switch (cause.status) {
    case 413:
      return bodyTooLarge(cause);
    case 415:
      return new ApiError({
        code: "MALFORMED_REQUEST",
        trpcCode: "UNSUPPORTED_MEDIA_TYPE",
        message: "The body's content encoding is not supported",
        hint: "Send it plain, or encoded with gzip, deflate or br.",
        cause,
      });
    case 400:
      return new ApiError({
        code: "MALFORMED_REQUEST",
        message: "The request could not be read",
        hint: "Check the URL's encoding, content-length and content-encoding.",
        cause,
      });
    default:
      return null;
  }
}
