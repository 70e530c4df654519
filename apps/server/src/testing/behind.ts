import { once } from "node:events";
import { createServer } from "node:http";
import { Agent, fetch } from "undici";

interface Passing {
  readonly method: string;
  /** May be changed on its way. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

type Instead = { readonly status: number; readonly body: unknown } | undefined;

/** What is said of the answer on its way: fetch has unpacked it, and Node frames it anew. */
const ofThisHop: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "keep-alive",
  "transfer-encoding",
]);

/**
 * The real Supabase behind a proxy that may change a request's URL, or answer in its place with a status and JSON.
 *
 * @param answered Supabase has answered, and its answer waits for this
 */
export async function openBehind(
  stack: { readonly url: string; readonly ca: string },
  pass: (request: Passing) => Instead | Promise<Instead>,
  answered: (request: Passing) => Promise<void> | undefined = () => undefined,
) {
  const dispatcher = new Agent({ connect: { ca: stack.ca } });
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? "/", stack.url);
    const { host: _, connection: __, ...headers } = incoming.headers;
    const method = incoming.method ?? "GET";
    const forward = async (): Promise<void> => {
      const body = Buffer.concat(await incoming.toArray());
      const request = { method, url, headers, body: body.toString("utf8") };
      const instead = await pass(request);
      if (instead !== undefined) {
        outgoing.writeHead(instead.status, { "content-type": "application/json" });
        outgoing.end(JSON.stringify(instead.body));
        return;
      }
      const answer = await fetch(url, {
        method,
        headers: Object.entries(headers).map(([name, value]) => [name, String(value)]),
        ...(body.length > 0 ? { body } : {}),
        dispatcher,
      });
      const whole = Buffer.from(await answer.arrayBuffer());
      await answered(request);
      const kept = [...answer.headers].filter(([name]) => !ofThisHop.has(name));
      outgoing.writeHead(answer.status, Object.fromEntries(kept));
      outgoing.end(whole);
    };
    forward().catch(() => outgoing.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await dispatcher.destroy();
    },
  };
}
