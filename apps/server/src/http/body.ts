import express, { type RequestHandler } from "express";
import { ApiError } from "../trpc/api-error.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a request's body as text, at most `limit` bytes after inflating, and refuses what is no UTF-8: Node would
 * silently replace the broken bytes. The text is left in `request.body`, where tRPC's adapter takes it.
 */
export function readBody(limit: number): RequestHandler[] {
  return [refuseOtherTypes, readBytes(limit), decode];
}

/** A body that was refused is still read away for so long, or its sender would see a reset and not the answer. */
const lingerMs = 5000;

/** express.raw, which would answer only when the last byte of a body that is too large has come. */
function readBytes(limit: number): RequestHandler {
  const raw = express.raw({ limit, type: () => true });
  return (request, response, next) => {
    let told = false;
    const tell = (error?: unknown): void => {
      if (told) return;
      told = true;
      next(error);
    };
    const refuse = (): void => {
      if (told) return;
      const cut = setTimeout(() => request.destroy(), lingerMs);
      request.once("close", () => clearTimeout(cut));
      tell(bodyTooLarge());
    };
    if (Number(request.headers["content-length"]) > limit) {
      request.resume();
      refuse();
      return;
    }
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limit) refuse();
    });
    raw(request, response, tell);
  };
}

export function bodyTooLarge(cause?: unknown): ApiError {
  return new ApiError({
    code: "PAYLOAD_TOO_LARGE",
    message: "The body is larger than the server takes",
    hint: "Send less at once, such as fewer rows a call; the operator sets the limit by WAYBILL_BODY_BYTES.",
    cause,
  });
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
