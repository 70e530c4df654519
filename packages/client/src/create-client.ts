import {
  createTRPCClient,
  httpBatchStreamLink,
  httpLink,
  splitLink,
  type TRPCClient,
  type TRPCLink,
} from "@trpc/client";
import type { AppRouter } from "@waybill/server/router";
import { type Fetch, withDeadline } from "./deadline-fetch.ts";
import { cookieDeliveryLink, withCookies } from "./session-cookie.ts";
import { withoutSubscriptions } from "./without-subscriptions.ts";
import type { SubscriptionOptions } from "./subscriptions.ts";
import { keepInMemory, sessionTokenLink } from "./session-token.ts";

/** The whole API of a Waybill server, typed: `client.data.list.query(…)`, `client.sessions.login.mutate(…)`. */
export type WaybillClient = TRPCClient<AppRouter>;

export interface WaybillClientOptions {
  /** The server's origin, e.g. `http://127.0.0.1:8787`, or any URL that `/trpc` is mounted under. */
  readonly url: string;
  /** A session token (`wbs_…`) or Supabase access token to begin with; `sessions.login` replaces it. */
  readonly sessionToken?: string;
  /** Called when login, refresh or logout changes the token, for those who keep it longer than this client lives. */
  readonly onSessionToken?: (token: string | undefined) => void;
  /** Takes the place of the client's own keeping: asked before each request, e.g. for a rotating access token. */
  readonly getToken?: () => string | undefined | Promise<string | undefined>;
  /**
   * `cookie`, in a browser: the server keeps the session in a cookie that no script can read, and this client holds no
   * token at all. The page's origin must be the server's own or one of its `WAYBILL_ALLOWED_ORIGINS`. Default `token`.
   */
  readonly session?: "token" | "cookie";
  /** Default: the platform's. */
  readonly fetch?: Fetch;
  /** Gives each HTTP request its `x-request-id`, which the operation records repeat; without it the server makes one. */
  readonly requestId?: () => string;
  /** The `subscriptions` of this package, for a client that watches (`watchModels`): an app that does not carries nothing of them. */
  readonly subscriptions?: (options: SubscriptionOptions) => TRPCLink<AppRouter>;
  /** For one HTTP request, to the last byte of its answer. Default 75,000: longer than the server's own 60 s. */
  readonly timeoutMs?: number;
}

/** The server's default of `WAYBILL_BATCH_CALLS`: a longer batch would be refused as a whole. */
const maxBatchCalls = 20;
/** Servers and proxies commonly refuse a request line above 8 KB; a single query may still try up to the server's 16 KB. */
const maxUrlLength = 7_000;
/** Room in it for the server's URL and the procedure's name. */
const restOfUrl = 500;

/**
 * Makes a typed client. Calls made in the same tick travel as one request and come back each as soon as it is ready;
 * calls of `sessions.*` go alone, since a stream cannot set headers, and so do queries too long for a batch.
 *
 * A call rejects with a TRPCClientError; `waybillErrorOf(error)` gives its code, hint and ids.
 *
 * @example
 * const waybill = createWaybillClient({ url: "http://127.0.0.1:8787" });
 * await waybill.sessions.login.mutate({ email, password });
 * const me = await waybill.sessions.me.query();
 */
export function createWaybillClient(options: WaybillClientOptions): WaybillClient {
  const byCookie = options.session === "cookie";
  const token = keepInMemory(options.sessionToken, options.onSessionToken);
  const platform = options.fetch ?? fetch;
  const ask = withDeadline(platform, options.timeoutMs ?? 75_000);
  const headers = async (): Promise<Record<string, string>> => {
    const bearer = byCookie ? undefined : await (options.getToken ?? token.get)();
    return {
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...(byCookie ? { "x-waybill-csrf": "1" } : {}),
      ...(options.requestId ? { "x-request-id": options.requestId() } : {}),
    };
  };
  const url = new URL("trpc", options.url.endsWith("/") ? options.url : `${options.url}/`);
  const link = { url, headers, fetch: byCookie ? withCookies(ask) : ask };
  return createTRPCClient<AppRouter>({
    links: [
      byCookie ? cookieDeliveryLink() : sessionTokenLink(token),
      splitLink({
        condition: ({ type }) => type === "subscription",
        true: options.subscriptions?.({ url, headers, fetch: platform, byCookie }) ?? withoutSubscriptions,
        false: splitLink({
          condition: ({ path, type, input }) => path.startsWith("sessions.") || (type === "query" && isLong(input)),
          true: httpLink(link),
          false: httpBatchStreamLink({ ...link, maxItems: maxBatchCalls, maxURLLength: maxUrlLength }),
        }),
      }),
    ],
  });
}

/** Whether tRPC would refuse to batch this input, however alone. */
function isLong(input: unknown): boolean {
  return encodeURIComponent(JSON.stringify(input) ?? "").length > maxUrlLength - restOfUrl;
}
