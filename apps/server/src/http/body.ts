import express, { type RequestHandler } from "express";
import { ApiError } from "../trpc/api-error.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a request's body as text, at most `limit` bytes after inflating, and refuses what is no UTF-8: Node would
 * silently replace the broken bytes. The text is left in `request.body`, where tRPC's adapter takes it.
 */
export function readBody(limit: number): RequestHandler[] {
  const raw = express.raw({ limit, type: () => true });
  return [refuseOtherTypes, raw, decode];
}

/** tRPC would take forms and octet streams too, which no procedure here reads. */
const refuseOtherTypes: RequestHandler = (request, _response, next) => {
  const mustBeJson = request.method === "POST";
  if (mustBeJson && request.is("application/json") === false) {
    throw new ApiError({
      code: "MALFORMED_REQUEST",
      trpcCode: "UNSUPPORTED_MEDIA_TYPE",
      message: "The body's content type is not application/json",
      hint: "Send JSON with the header content-type: application/json.",
    });
  }
  next();
};

const decode: RequestHandler = (request, _response, next) => {
  const body: unknown = request.body;
  // tRPC's client sends a mutation without input as no body at all, and its server would take that for broken JSON.
  if (request.method === "POST" && (body === undefined || (Buffer.isBuffer(body) && body.length === 0)))
    request.body = "{}";
  else if (Buffer.isBuffer(body)) {
    try {
      request.body = utf8.decode(body);
    } catch {
      throw new ApiError({
        code: "MALFORMED_REQUEST",
        message: "The body is not valid UTF-8",
        hint: "Encode the JSON text in UTF-8.",
        issues: [{ field: "", rule: "utf8", message: "must be valid UTF-8" }],
      });
    }
  }
  next();
};
