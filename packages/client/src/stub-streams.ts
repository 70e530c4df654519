import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";

/** One request for a stream, and what the test lets it be answered with. */
export interface StubStream {
  readonly headers: IncomingHttpHeaders;
  readonly input: unknown;
  /** Tells a model's name with this version, as the server's `models.watch` does; null for one that is not there. */
  tell(modelName: string, version: string | null): void;
  /** Ends it with an error of the server's. */
  end(code: string): void;
  /** Whether the caller has left. */
  readonly left: () => boolean;
}

export type Answer = "stream" | { readonly status: number; readonly body: unknown };

const httpStatuses: Readonly<Record<string, [rpc: number, http: number]>> = {
  SHUTTING_DOWN: [-32603, 503],
  RATE_LIMITED: [-32029, 429],
};

/** An error as the server's formatter writes it. */
export function errorOf(code: string) {
  const [rpc, httpStatus] = httpStatuses[code] ?? [-32001, 401];
  const data = {
    code,
    message: code,
    hint: "h",
    operation_id: null,
    request_id: "r1",
    httpStatus,
    path: "models.watch",
  };
  return { message: code, code: rpc, data };
}

/** A server of `models.watch` alone. `answer` says how a request is answered; by default with a stream. */
export async function startStubStreams(port = 0, answer: (nth: number) => Answer = () => "stream") {
  const streams: StubStream[] = [];
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    const how = answer(asked);
    if (how !== "stream") {
      response.writeHead(how.status, { "content-type": "application/json" });
      response.end(JSON.stringify(how.body));
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream", connection: "keep-alive" });
    send(response, { reconnectAfterInactivityMs: 45_000 }, "connected");
    const url = new URL(request.url ?? "", "http://127.0.0.1");
    streams.push({
      headers: request.headers,
      input: JSON.parse(url.searchParams.get("input") ?? "null"),
      tell(model_name, version) {
        send(response, { model_name, model: version === null ? null : { model_name, schema_version: version } });
      },
      end(code) {
        send(response, errorOf(code), "serialized-error");
        response.end();
      },
      left: () => response.closed,
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const taken = typeof address === "object" ? (address?.port ?? 0) : 0;
  return {
    url: `http://127.0.0.1:${taken}`,
    port: taken,
    streams,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function send(response: ServerResponse, data: unknown, event?: string): void {
  response.write(`${event === undefined ? "" : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`);
}
