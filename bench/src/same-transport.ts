import { readRequest } from "../../packages/db/src/client/call/read-request.ts";
import { Limit } from "../../packages/db/src/client/index.ts";
import { decode, LightResponse } from "../../packages/db/src/client/transport/light-response.ts";
import { openTransport } from "../../packages/db/src/client/transport/transport.ts";

const DEADLINE_MS = 60_000;

/** The tracked fetch without what makes it tracked: its parts from `packages/db`, put together as it does. */
export function sameTransport(url: string): { fetch: typeof globalThis.fetch; close: () => Promise<void> } {
  const transport = openTransport({ url });
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = readRequest(url, input, init);
    const limit = new Limit(DEADLINE_MS, DEADLINE_MS, request.signal);
    try {
      const { method, target: path, headers: given, body } = request;
      const headers = given.flat();
      const sent = body.kind === "text" ? body.text : null;
      const answer = await transport.exchange({ method, path, headers, body: sent }, limit);
      return new LightResponse(answer, request.url, decode(answer.body));
    } finally {
      limit.release();
    }
  };
  return { fetch, close: () => transport.close() };
}
