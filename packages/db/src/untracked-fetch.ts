import type { Transport } from "./client/index.ts";

/**
 * A `fetch` over the same sockets that leaves no record: for what the ledger itself writes (decisions.md, Tracking).
 * Whoever counts requests knows it by `x-client-info: waybill-ledger`. Bodies are text, as the Data API's are.
 */
export function untrackedFetch(transport: Transport, timeoutMs: number): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const { method, headers, url } = request;
    headers.set("x-client-info", "waybill-ledger");
    const body = method === "GET" || method === "HEAD" ? null : await request.text();
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)]);
    return transport.fetch(url, { method, headers, body, signal });
  };
}
