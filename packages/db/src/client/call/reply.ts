import { type Answer, decode } from "../transport/light-response.ts";
import type { Limit } from "../transport/limit.ts";
import { readWhole } from "../transport/read-whole.ts";
import type { OutgoingRequest } from "../transport/exchange.ts";
import type { Transport } from "../transport/transport.ts";
import type { Call } from "./call.ts";
import { httpErrorMessage, isConnectionFailure, isOutage, networkMessage, readErrorBody } from "./failure.ts";

/** What sending a request once led to. */
export type Reply =
  /** Read to its last byte. */
  | { readonly kind: "whole"; readonly answer: Answer }
  /** A success whose body passes by. */
  | { readonly kind: "stream"; readonly response: Response }
  /** No whole answer came: the limit ended the call, or the connection, or Waybill itself. */
  | { readonly kind: "broken"; readonly error: unknown };

/** Sends the request by the way that fits its bodies. Never rejects. */
export function sendOnce(transport: Transport, call: Call, limit: Limit): Promise<Reply> {
  const isStream = call.kind.streams || call.request.body.kind === "stream";
  if (isStream) return sendStreaming(transport, call, limit).catch(broken);
  return transport.exchange(outgoing(call), limit).then(whole, broken);
}

const whole = (answer: Answer): Reply => ({ kind: "whole", answer });
const broken = (error: unknown): Reply => ({ kind: "broken", error });

/** What a reply says against the connection, as a sentence; null where it says nothing. */
export function connectionFault(reply: Reply, { kind }: Pick<Call, "kind">): string | null {
  if (reply.kind === "stream") return null;
  if (reply.kind === "broken") return isConnectionFailure(reply.error) ? networkMessage(reply.error) : null;
  const { status, statusText, body } = reply.answer;
  if (status < 500) return null;
  const said = readErrorBody(decode(body));
  return isOutage(status, said, kind.service) ? httpErrorMessage(status, statusText, { ...said, message: null }) : null;
}

/**
 * Where a redirect could be followed, the platform's fetch keeps a copy of all that it has sent (Fetch standard,
 * "HTTP-network-or-cache fetch", step 8): an upload would be in memory whole. Storage redirects none.
 */
const ONCE: RequestInit = { redirect: "error" };

async function sendStreaming(transport: Transport, { kind, request }: Call, limit: Limit): Promise<Reply> {
  const controller = new AbortController();
  limit.onEnd = (reason) => controller.abort(reason);
  const response = await transport.fetch(request.url, {
    ...request.init,
    method: request.method,
    headers: Object.fromEntries(request.headers),
    signal: controller.signal,
    ...(kind.service === "storage" && request.body.kind === "stream" ? ONCE : {}),
  });
  // An event stream has no expected end: the deadline is for its beginning, and the caller's signal for all of it.
  if (response.headers.get("content-type")?.startsWith("text/event-stream") === true) limit.lift();
  // nobody may ever read the body of an error, and the record must not wait for that
  if (kind.streams && response.ok) return { kind: "stream", response };
  return { kind: "whole", answer: await readWhole(response, transport.maxResponseBytes) };
}

function outgoing({ request }: Call): OutgoingRequest {
  const headers = request.headers.flat();
  if (!request.headers.has("accept")) headers.push("accept", "*/*");
  if (!request.headers.has("user-agent")) headers.push("user-agent", "waybill");
  const { method, target, body } = request;
  return {
    method,
    path: target,
    headers,
    body: body.kind === "text" ? body.text : body.kind === "bytes" ? body.bytes : null,
  };
}
