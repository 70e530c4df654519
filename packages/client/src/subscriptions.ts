import { httpSubscriptionLink, type TRPCLink } from "@trpc/client";
import type { AppRouter } from "@waybill/server/router";
import { EventSource } from "eventsource";
import type { Fetch } from "./deadline-fetch.ts";

export interface SubscriptionOptions {
  readonly url: URL;
  readonly fetch: Fetch;
  /** Asked anew each time, so that a stream that is taken up again brings the token of that moment. */
  readonly headers: () => Promise<Record<string, string>>;
  readonly byCookie: boolean;
}

/**
 * Lets a client subscribe (`watchModels`), over server-sent events: `createWaybillClient({ url, subscriptions })`. It is
 * given, not built in, since it is two thirds as large as all the rest of the client.
 */
export function subscriptions({ url, ...options }: SubscriptionOptions): TRPCLink<AppRouter> {
  return httpSubscriptionLink({ url: url.href, EventSource, eventSourceOptions: { fetch: eventFetch(options) } });
}

/** As an EventSource calls it. */
interface EventRequestInit {
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
}

/**
 * Asks with the client's headers, which a browser's own EventSource cannot send, and without its deadline. What the server
 * refuses before a stream begins becomes the stream's only event, or nobody would learn why.
 */
function eventFetch({ fetch, headers, byCookie }: Omit<SubscriptionOptions, "url">) {
  return async (url: string | URL, init: EventRequestInit): Promise<Response> => {
    const answer = await fetch(url, {
      signal: init.signal,
      headers: { ...init.headers, ...(await headers()) },
      cache: "no-store",
      ...(byCookie ? { credentials: "include" } : {}),
    });
    if (answer.ok) return answer;
    const error = errorIn(await answer.json().catch(() => null));
    if (error === undefined) return answer;
    const event = `event: serialized-error\ndata: ${JSON.stringify(error)}\n\n`;
    return new Response(event, { headers: { "content-type": "text/event-stream" } });
  };
}

function errorIn(body: unknown): unknown {
  return typeof body === "object" && body !== null && "error" in body ? body.error : undefined;
}
