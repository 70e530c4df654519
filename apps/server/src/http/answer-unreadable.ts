import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { ApiError, type ApiErrorOptions } from "../trpc/api-error.ts";
import { errorShape } from "../trpc/format-error.ts";

/** What Node says of a request whose head it could not read or wait for. */
const told: Readonly<Record<string, { readonly status: number; readonly error: ApiErrorOptions }>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    error: {
      code: "PAYLOAD_TOO_LARGE",
      message: "The request's head is larger than the server takes",
      hint: "Send fewer and shorter headers and a shorter URL; a token belongs into the header authorization alone.",
    },
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, error: { code: "PAYLOAD_TOO_LARGE" } },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    error: {
      code: "MALFORMED_REQUEST",
      message: "The request did not arrive within its time",
      hint: "Send it again, all of it at once.",
    },
  },
};
const unreadable = {
  status: 400,
  error: {
    code: "MALFORMED_REQUEST",
    message: "The request is not valid HTTP",
    hint: "Check its first line and its headers.",
  },
} as const;

/** Answers for a server's `clientError`, in the one shape of errors, and ends the connection. */
export function answerUnreadable(cause: Error & { readonly code?: string }, socket: Duplex): void {
  // nobody is there any more, or an answer is on its way already
  if (cause.code === "ECONNRESET" || !socket.writable || hasAnswered(socket)) {
    socket.destroy();
    return;
  }
  const { status, error } = told[cause.code ?? ""] ?? unreadable;
  const requestId = randomUUID();
  const shape = errorShape(new ApiError(error), { requestId, path: undefined });
  const body = JSON.stringify({ error: { ...shape, data: { ...shape.data, httpStatus: status } } });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "connection: close",
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    "cache-control: no-store",
    "x-content-type-options: nosniff",
    `x-request-id: ${requestId}`,
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

/** As Node's own handler asks: its answer to this socket's request, if the head of one is out. */
function hasAnswered(socket: Duplex): boolean {
  const answer: unknown = Reflect.get(socket, "_httpMessage");
  return typeof answer === "object" && answer !== null && Reflect.get(answer, "_headerSent") === true;
}
