import { createTRPCClient, httpLink, httpSubscriptionLink, splitLink, type TRPCClient } from "@trpc/client";
import { EventSource } from "eventsource";
import type { AppRouter } from "../app-router.ts";

/** As tRPC's links call fetch: an absent signal may be spelled `undefined`. */
interface LinkRequestInit extends Omit<RequestInit, "signal"> {
  signal?: AbortSignal | null | undefined;
}
type LinkFetch = (input: string | URL | Request, init?: LinkRequestInit) => Promise<Response>;

export interface ClientOptions {
  readonly bearer?: string | undefined;
  readonly headers?: Record<string, string>;
  /** Of calls; a subscription's stream goes past it. */
  readonly fetch?: LinkFetch;
}

/** A client of a server at this URL, which calls and subscribes. */
export function clientOf(url: string, { bearer, headers = {}, fetch: ask }: ClientOptions = {}): TRPCClient<AppRouter> {
  const sent = { ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }), ...headers };
  const streaming = (
    to: string | URL,
    init: { readonly headers: Record<string, string>; readonly signal: AbortSignal },
  ) => fetch(to, { ...init, headers: { ...init.headers, ...sent } });
  return createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: ({ type }) => type === "subscription",
        true: httpSubscriptionLink({ url: `${url}/trpc`, EventSource, eventSourceOptions: { fetch: streaming } }),
        false: httpLink({ url: `${url}/trpc`, headers: sent, ...(ask === undefined ? {} : { fetch: ask }) }),
      }),
    ],
  });
}
