import type { TokenIssuer } from "./auth/access-token.ts";
import { dataRequest, toDataRequest } from "./data/request.ts";
import { guardAuth } from "./auth/guard-auth.ts";
import { withLiteralFilters } from "./data/literal-filters.ts";
import { noteFailure, withCause } from "./service-failures.ts";

export type RequestHandler = (request: Request) => Promise<Response>;

/** Walls off the faults of lite that show in requests and answers. Wraps `app.fetch`. */
export function guardRequests(fetch: RequestHandler, issuer: TokenIssuer): RequestHandler {
  keepDataOutOfLog();
  return (request) => {
    const url = new URL(request.url);
    if (url.pathname.startsWith("/rest/v1/")) {
      const data = toDataRequest(request, url.pathname);
      return dataRequest.run(data, () => guardData(withLiteralFilters(request, data.literals), url, fetch));
    }
    if (url.pathname.startsWith("/auth/v1/")) return withCause("auth", () => guardAuth(request, fetch, issuer));
    return withCause("storage", () => fetch(request));
  };
}

async function guardData(request: Request, url: URL, fetch: RequestHandler): Promise<Response> {
  // lite takes the arguments of a function for filters when it is called by HEAD.
  const headCall = request.method === "HEAD" && url.pathname.startsWith("/rest/v1/rpc/");
  const response = await fetch(headCall ? new Request(request, { method: "GET" }) : request);
  const headers = new Headers(response.headers);
  if (headers.has("content-location")) {
    headers.set("content-location", url.pathname.slice("/rest/v1".length) + url.search);
  }
  return new Response(headCall ? null : response.body, { status: response.status, headers });
}

let quiet = false;

/**
 * lite prints every error of a request with its SQL and its parameters: rows, hashes of passwords, tokens. Of the Data
 * API's errors the caller learns anyway; of Auth's and Storage's the log keeps what happened, and where.
 */
function keepDataOutOfLog(): void {
  if (quiet) return;
  quiet = true;
  const print = console.error;
  console.error = (...parts: unknown[]) => {
    if (dataRequest.getStore()) return;
    noteFailure(parts);
    print(...parts.map((part) => (part instanceof Error ? withoutData(part) : part)));
  };
}

/** An error's own text and no property of it, where the drivers put the statement. */
function withoutData(error: Error): string {
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${own}\ncaused by ${withoutData(error.cause)}` : own;
}
