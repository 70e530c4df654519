import { createServer } from "node:https";
import { getRequestListener } from "@hono/node-server";
import { withBodyLimit } from "./body-limit.ts";
import type { Certificate } from "../data-dir/certificate.ts";
import { codeOf, LocalSupabaseError } from "../errors.ts";

export interface HttpsServer {
  /** `https://127.0.0.1:port` */
  readonly url: string;
  /** Sets who answers; until then every request gets 503. */
  answerWith(handler: (request: Request) => Promise<Response>): void;
  /** Takes no new connection, lets running requests end for at most `deadlineMs`, then cuts them. Safe to call twice. */
  close(deadlineMs: number): Promise<void>;
}

const starting = async (): Promise<Response> =>
  Response.json({ message: "The stack is starting." }, { status: 503, headers: { "retry-after": "1" } });

/** PostgREST's filters are in the URL: a list of a thousand ids has to fit. */
const maxHeaderSize = 128 * 1024;

/** Listens on 127.0.0.1 (0 = a free port). */
export async function listenHttps(port: number, { key, ca }: Certificate): Promise<HttpsServer> {
  let handler: (request: Request) => Promise<Response> = starting;
  const listener = getRequestListener((request) => withBodyLimit(request, (limited) => handler(limited)), {
    overrideGlobalObjects: false,
  });
  let closing: Promise<void> | undefined;
  const server = createServer(
    { key, cert: ca, keepAliveTimeout: 75_000, requestTimeout: 120_000, maxHeaderSize },
    (incoming, outgoing) => {
      // A connection that is kept alive after its last answer would keep the server from closing.
      outgoing.once("close", () => closing && server.closeIdleConnections());
      void listener(incoming, outgoing);
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(portError(error, port)));
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  const close = async (deadlineMs: number): Promise<void> => {
    const cut = setTimeout(() => server.closeAllConnections(), deadlineMs);
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    });
    clearTimeout(cut);
  };
  return {
    url: `https://127.0.0.1:${bound}`,
    answerWith: (next) => {
      handler = next;
    },
    close: (deadlineMs) => (closing ??= close(deadlineMs)),
  };
}

function portError(error: Error, port: number): Error {
  const code = codeOf(error);
  if (code === "EADDRINUSE") {
    return new LocalSupabaseError(
      "PORT_IN_USE",
      `Port ${port} of 127.0.0.1 is in use by another program. Stop that one, choose another port, or choose 0 for any free one.`,
      { cause: error },
    );
  }
  if (code === "EACCES") {
    return new LocalSupabaseError(
      "PORT_IN_USE",
      `This user may not listen on port ${port}. Choose one above 1023, or 0 for any free one.`,
      { cause: error },
    );
  }
  return error;
}
