import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A request as it arrived at the stub, wholly read. */
export interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export type Answering = (request: Arrived, response: ServerResponse, socket: Socket) => void;

/** An upstream that does what a test tells it: answers, hangs, cuts the connection. */
export interface StubUpstream extends AsyncDisposable {
  readonly url: string;
  readonly arrived: Arrived[];
  answer: Answering;
}

export async function stubUpstream(answer: Answering = json(200, [])): Promise<StubUpstream> {
  const arrived: Arrived[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers, socket } = request;
      const whole = { method, url, headers, body: Buffer.concat(chunks) };
      arrived.push(whole);
      stub.answer(whole, response, socket);
    });
    request.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stub: StubUpstream = {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    arrived,
    answer,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return stub;
}

/** Answers with JSON. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answering {
  return (_request, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}

function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === "string") throw new Error("the stub has no port");
  return address.port;
}
