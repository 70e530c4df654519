import { once } from "node:events";
import { Agent as UpstreamAgent, createServer } from "node:https";
import { makeCertificate } from "./certificate.ts";
import { forward } from "./forward.ts";
import { isLedgers, readRequest, type SeenRequest } from "./seen-request.ts";

/** A proxy in front of Supabase that keeps its own count of what arrived, so that Waybill's count can be checked. */
export interface CountingProxy extends AsyncDisposable {
  /** `https://127.0.0.1:<port>`, to be given to Waybill as its `SUPABASE_URL`. */
  readonly url: string;
  /** PEM of the proxy's own certificate. */
  readonly ca: string;
  /** Every request that arrived, in order, without the ledger's own. */
  seen(): readonly SeenRequest[];
  /** The ledger's own writes, which have no record: those that say so and are one of them. */
  ledgerRequests(): number;
  /** Requests that arrived after the list was full: forwarded, but not in `seen()`. */
  beyondLimit(): number;
  stop(): Promise<void>;
}

export interface CountingProxyOptions {
  /** The `https:` origin of the Supabase project. */
  readonly upstream: string;
  /** PEM of the authority that signed the upstream's certificate, if it is a private one. */
  readonly ca?: string;
  /** How many requests are kept: about 300 bytes each. */
  readonly limit?: number;
}

/** Listens on a free port of 127.0.0.1 with a certificate of its own. */
export async function startCountingProxy({
  upstream,
  ca,
  limit = 200_000,
}: CountingProxyOptions): Promise<CountingProxy> {
  const certificate = await makeCertificate();
  const agent = new UpstreamAgent({ keepAlive: true, maxSockets: 128, ...(ca === undefined ? {} : { ca }) });
  const target = { upstream: new URL(upstream), agent };
  const seen: SeenRequest[] = [];
  let ledger = 0;
  let beyond = 0;

  const server = createServer({ key: certificate.key, cert: certificate.cert }, (incoming, outgoing) => {
    const request = readRequest(incoming.method ?? "", incoming.url ?? "/", incoming.headers);
    if (isLedgers(request, incoming.headers)) ledger += 1;
    else if (seen.length < limit) seen.push(request);
    else beyond += 1;
    forward(incoming, outgoing, target, (status) => {
      request.status = status < 400 ? "success" : "error";
    }).catch(() => {
      // a caller that went away hears nothing, so its request stays unanswered
      if (outgoing.destroyed || outgoing.headersSent) return void outgoing.destroy();
      request.status = "error";
      return void outgoing.writeHead(502).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy listens on no port");

  const stop = async (): Promise<void> => {
    if (server.listening) {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    }
    agent.destroy();
  };
  return {
    url: `https://127.0.0.1:${address.port}`,
    ca: certificate.cert,
    seen: () => seen,
    ledgerRequests: () => ledger,
    beyondLimit: () => beyond,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
