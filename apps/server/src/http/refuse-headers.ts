import type { RequestHandler } from "express";
import { ApiError } from "../trpc/api-error.ts";

/** Headers of which Node silently takes the first, or joins what must not be joined, when there are several. */
const once: ReadonlySet<string> = new Set(["authorization", "cookie", "content-type", "user-agent", "origin", "host"]);

/** Cookies that a browser takes only from this very host, and Waybill's own: nobody knows who set which of two of one name. */
const guardedCookie = /^(?:__host-|__secure-)|waybill/i;

/** Refuses headers that two programs on the way could read in two ways, before anything is made of them. */
export const refuseHeaders: RequestHandler = (request, _response, next) => {
  const { rawHeaders } = request;
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? "").toLowerCase();
    if (once.has(name) && seen.has(name)) throw refusal(name, "stands more than once", "Send it once.");
    seen.add(name);
  }
  const { cookie, "user-agent": userAgent } = request.headers;
  if (userAgent !== undefined && !/^[\x20-\x7e\t]*$/.test(userAgent)) {
    throw refusal("user-agent", "has characters outside of printable ASCII", "Send one in plain ASCII.");
  }
  if (cookie !== undefined) refuseTwins(cookie);
  next();
};

function refuseTwins(cookie: string): void {
  const names = cookie
    .split(";")
    .map((pair) => (pair.split("=", 1)[0] ?? "").trim())
    .filter((name) => guardedCookie.test(name));
  if (new Set(names).size < names.length) {
    throw refusal("cookie", "has two of one name", "Remove this site's cookies from the browser, and sign in again.");
  }
}

function refusal(name: string, message: string, hint: string): ApiError {
  return new ApiError({
    code: "MALFORMED_REQUEST",
    message: `The header ${name} ${message}`,
    hint,
    issues: [{ field: name, rule: "header", message }],
  });
}
