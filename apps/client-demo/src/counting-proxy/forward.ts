import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { type Agent, request } from "node:https";
import { pipeline } from "node:stream/promises";

/** Headers that belong to one connection (RFC 9110 §7.6.1), so not to the next. */
const hopByHop = ["connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection"];

/** Longer than Waybill's own 60 s, which must be the one that fires. */
const deadlineMs = 70_000;

/**
 * Sends a request on and its answer back, byte for byte. `onStatus` hears Supabase's HTTP status.
 * Rejects when either side breaks off; the caller answers then, if it still can.
 */
export async function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  target: { readonly upstream: URL; readonly agent: Agent },
  onStatus: (status: number) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const onward = request(new URL(incoming.url ?? "/", target.upstream), {
    method: incoming.method,
    headers: { ...withoutHopByHop(incoming.headers), host: target.upstream.host },
    agent: target.agent,
    signal: AbortSignal.timeout(deadlineMs),
  });
  onward.once("response", resolve).once("error", reject);
  const sent = pipeline(incoming, onward);
  // a client that goes away while Supabase still works takes its request along
  outgoing.once("close", () => onward.destroy());
  const [answer] = await Promise.all([promise, sent]);
  const status = answer.statusCode ?? 502;
  onStatus(status);
  outgoing.writeHead(status, withoutHopByHop(answer.headers));
  await pipeline(answer, outgoing);
}

function withoutHopByHop(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.includes(name)));
}
