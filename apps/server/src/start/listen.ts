import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { addressKey } from "../door/address-key.ts";
import { answerUnreadable } from "../http/answer-unreadable.ts";

/** The server cannot listen; `message` is one sentence for whoever started it. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

export interface ListeningServer {
  /** `http://host:port` with the port really taken. */
  readonly url: string;
  /** Takes no new connection, lets open requests finish for `deadlineMs`, then cuts them off. True if all finished. */
  drain(deadlineMs: number): Promise<boolean>;
}

/** A caller that sends its header or body drop by drop is cut off (408) and frees its socket. Milliseconds, bytes. */
const limits = {
  // one round trip is enough for any head; a connection that says nothing counts as a head that does not come
  headersTimeout: 10_000,
  // a megabyte in a minute is what the slowest mobile network gives
  requestTimeout: 60_000,
  // longer than the 60 s after which proxies let go, or they would send into a connection that closes
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5000,
  // the longest URL and the longest token, 16 KiB each
  maxHeaderSize: 32_768,
  // sockets at once: one more is closed before it costs anything
  maxConnections: 2000,
  // of these of one address, so that nobody takes them all
  connectionsOfAddress: 500,
};

/** A browser sends about twenty, a proxy adds ten. */
const mostHeaders = 100;

/** What callers sent before they knew of the stop may arrive so long: a close at once would reset their connections. */
const arrivalMs = 100;

/** Listens with limits on what a caller may hold open. Port 0 takes a free one. */
export async function listen(
  app: RequestListener,
  host: string,
  port: number,
  changed: Partial<typeof limits> = {},
): Promise<ListeningServer> {
  const open = new Set<ServerResponse>();
  let draining = false;
  const given = { ...limits, ...changed };
  const server = createServer(given, (request, response) => {
    open.add(response);
    response.once("close", () => open.delete(response));
    if (draining) makeLast(response);
    app(request, response);
  });
  server.maxConnections = given.maxConnections;
  server.maxHeadersCount = mostHeaders;
  server.on("clientError", answerUnreadable);
  capAddresses(server, given.connectionsOfAddress);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(listenError(cause, host, port)));
    server.listen(port, host, resolve);
  });
  return {
    url: urlOf(server, host),
    drain(deadlineMs) {
      draining = true;
      return drain(server, open, deadlineMs);
    },
  };
}

function capAddresses(server: Server, most: number): void {
  const sockets = new Map<string, number>();
  server.on("connection", (socket) => {
    const address = addressKey(socket.remoteAddress);
    const count = (sockets.get(address) ?? 0) + 1;
    sockets.set(address, count);
    socket.once("close", () => {
      const left = (sockets.get(address) ?? 1) - 1;
      if (left === 0) sockets.delete(address);
      else sockets.set(address, left);
    });
    if (count > most) socket.destroy();
  });
}

function urlOf(server: Server, host: string): string {
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function listenError(cause: Error, host: string, port: number): ListenError {
  const code = "code" in cause ? cause.code : undefined;
  if (code === "EADDRINUSE") {
    return new ListenError(
      `Port ${port} on ${host} is in use: stop the other program, or choose another with WAYBILL_PORT (0 takes a free one).`,
      { cause },
    );
  }
  if (code === "EACCES") {
    return new ListenError(`Port ${port} needs rights that this user lacks: choose one above 1023 with WAYBILL_PORT.`, {
      cause,
    });
  }
  return new ListenError(
    `${host}:${port} cannot be listened on (${cause.message}): check WAYBILL_HOST and WAYBILL_PORT.`,
    {
      cause,
    },
  );
}

async function drain(server: Server, open: ReadonlySet<ServerResponse>, deadlineMs: number): Promise<boolean> {
  let whole = true;
  for (const response of open) makeLast(response);
  // What was under way with its headers sent keeps its connection open for a next request.
  let idle: NodeJS.Timeout | undefined;
  const cut = setTimeout(() => {
    whole = false;
    server.closeAllConnections();
  }, deadlineMs);
  await wait(Math.min(arrivalMs, deadlineMs));
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    idle = setInterval(() => server.closeIdleConnections(), 50);
  });
  clearInterval(idle);
  clearTimeout(cut);
  return whole;
}

/** Lets the connection end with this answer: a caller that keeps asking over it would else be served until it is cut off. */
function makeLast(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader("connection", "close");
}
