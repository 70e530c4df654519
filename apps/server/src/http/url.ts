import type { RequestHandler } from "express";
import { ApiError } from "../trpc/api-error.ts";

/** Characters that a URL may have; a longer query belongs in a POST or in fewer calls a batch. */
const urlLimit = 16_384;

/** Refuses a URL that is too long, or whose escapes are no UTF-8: `URLSearchParams` would silently replace the broken bytes. */
export const checkUrl: RequestHandler = (request, _response, next) => {
  const { url } = request;
  if (url.length > urlLimit) {
    throw new ApiError({
      code: "PAYLOAD_TOO_LARGE",
      message: `The URL has more than ${urlLimit} characters`,
      hint: "Put fewer calls into one batch, or ask for less in one query.",
    });
  }
  try {
    decodeURIComponent(url);
  } catch {
    throw new ApiError({
      code: "MALFORMED_REQUEST",
      message: "The URL's percent-encoding is not valid UTF-8",
      hint: "Encode the input by encodeURIComponent.",
      issues: [{ field: "", rule: "utf8", message: "must be valid UTF-8, percent-encoded" }],
    });
  }
  next();
};
