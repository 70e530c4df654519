import { AsyncLocalStorage } from "node:async_hooks";
import type { Literals } from "./literal-filters.ts";

/** What a policy or function may read of the HTTP request that it runs for. */
export interface DataRequest {
  method: string;
  /** Below `/rest/v1`. */
  path: string;
  headers: Record<string, string>;
  /** Values of its filters that lite must not see. */
  literals: Literals;
}

/** The Data API's request that is being answered; Auth and Storage run outside of it. */
export const dataRequest = new AsyncLocalStorage<DataRequest>();

export function toDataRequest(request: Request, pathname: string): DataRequest {
  return {
    method: request.method,
    path: pathname.slice("/rest/v1".length),
    headers: Object.fromEntries(request.headers),
    literals: new Map(),
  };
}
