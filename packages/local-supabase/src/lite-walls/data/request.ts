import { AsyncLocalStorage } from "node:async_hooks";
import type { Literals } from "./literal-filters.ts";

/** What a policy or function may read of the HTTP request that it runs for. */
export interface DataRequest {
  method: string;
  /** Below `/rest/v1`. */
  path: string;
  headers: Record<string, string>;
  /** The schema that it names. */
  profile: string | undefined;
  /** Values of its filters that lite must not see. */
  literals: Literals;
}

/** The Data API's request that is being answered; Auth and Storage run outside of it. */
export const dataRequest = new AsyncLocalStorage<DataRequest>();

export function toDataRequest(request: Request, pathname: string): DataRequest {
  const reads = request.method === "GET" || request.method === "HEAD";
  return {
    method: request.method,
    path: pathname.slice("/rest/v1".length),
    headers: Object.fromEntries(request.headers),
    profile: request.headers.get(reads ? "accept-profile" : "content-profile") ?? undefined,
    literals: new Map(),
  };
}
