import type { TokenIssuer } from "./access-token.ts";
import { dataRequest, toDataRequest } from "./data-request.ts";
import { guardAuth } from "./guard-auth.ts";
import { withLiteralFilters } from "./literal-filters.ts";

export type RequestHandler = (request: Request) => Promise<Response>;

/** Walls off the faults of lite that show in requests and answers. Wraps `app.fetch`. */
export function guardRequests(fetch: RequestHandler, issuer: TokenIssuer): RequestHandler {
  keepDataOutOfLog();
  return (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/rest/v1/")) {
      return dataRequest.run(toDataRequest(request, pathname), () => fetch(withLiteralFilters(request)));
    }
    if (pathname.startsWith("/auth/v1/")) return guardAuth(request, fetch, issuer);
    return fetch(request);
  };
}

let quiet = false;

/** lite prints every error of a request with its SQL and its parameters; the caller gets the error anyway. */
function keepDataOutOfLog(): void {
  if (quiet) return;
  quiet = true;
  const print = console.error;
  console.error = (...parts: unknown[]) => {
    if (!dataRequest.getStore()) print(...parts);
  };
}
