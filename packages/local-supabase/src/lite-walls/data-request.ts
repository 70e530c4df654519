import { AsyncLocalStorage } from "node:async_hooks";

/** What a policy or function may read of the HTTP request that it runs for. */
export interface DataRequest {
  method: string;
  /** Below `/rest/v1`. */
  path: string;
  headers: Record<string, string>;
}

/** The Data API's request that is being answered; Auth and Storage run outside of it. */
export const dataRequest = new AsyncLocalStorage<DataRequest>();

export function toDataRequest(request: Request, pathname: string): DataRequest {
  return {
    method: request.method,
    path: pathname.slice("/rest/v1".length),
    headers: Object.fromEntries(request.headers),
  };
}
