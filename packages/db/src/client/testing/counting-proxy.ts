import { createServer, type IncomingHttpHeaders } from "node:http";
import { pipeline } from "node:stream/promises";
import { Agent, request } from "undici";

/** What passed a proxy that knows nothing of Waybill. */
export interface Passed {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly requestId: string | undefined;
}

/** Stands before Supabase and counts; the ledger's own requests pass uncounted. */
export interface CountingProxy extends AsyncDisposable {
  readonly url: string;
  readonly passed: Passed[];
  /** Request ids of all that arrived, answered or not. */
  readonly arrived: string[];
  /** What a request waits for before it is passed on. */
  hold: (path: string) => Promise<void> | undefined;
}

export async function countingProxy(upstream: { url: string; ca: string }): Promise<CountingProxy> {
  const agent = new Agent({ connect: { ca: upstream.ca } });
  const passed: Passed[] = [];
  const arrived: string[] = [];
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const { method = "GET", url = "/" } = incoming;
      const headers = endToEnd(incoming.headers);
      const requestId = incoming.headers["x-request-id"]?.toString();
      const isLedgers = incoming.headers["x-client-info"] === "waybill-ledger";
      if (!isLedgers) arrived.push(String(requestId));
      await proxy.hold(url);
      const hasBody = method !== "GET" && method !== "HEAD";
      const answer = await request(upstream.url + url, {
        method,
        headers,
        body: hasBody ? incoming : null,
        dispatcher: agent,
      });
      if (!isLedgers) {
        passed.push({ method, path: url, status: answer.statusCode, requestId });
      }
      outgoing.writeHead(answer.statusCode, endToEnd(answer.headers));
      await pipeline(answer.body, outgoing);
    })().catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  const proxy: CountingProxy = {
    url: `http://127.0.0.1:${address.port}`,
    passed,
    arrived,
    hold: () => undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await agent.destroy();
    },
  };
  return proxy;
}

const HOP_BY_HOP = new Set(["host", "connection", "keep-alive", "transfer-encoding", "expect"]);

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));
}
