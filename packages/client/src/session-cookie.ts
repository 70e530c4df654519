import type { TRPCLink } from "@trpc/client";
import type { AnyRouter } from "@trpc/server";
import type { withDeadline } from "./deadline-fetch.ts";

type LinkFetch = ReturnType<typeof withDeadline>;

/** Calls whose answer brings a session, or what leads to one. */
const delivering: ReadonlySet<string> = new Set([
  "sessions.login",
  "sessions.loginWithCode",
  "sessions.oauthUrl",
  "sessions.loginWithOauth",
  "sessions.adopt",
]);

/** Lets the browser send the session's cookie to the server's origin, and keep what it sets. */
export function withCookies(fetch: LinkFetch): LinkFetch {
  return (input, init) => fetch(input, { ...init, credentials: "include" });
}

/** Asks for the cookie instead of the token, whatever the caller wrote. */
export function cookieDeliveryLink<Router extends AnyRouter>(): TRPCLink<Router> {
  return () =>
    ({ op, next }) => {
      if (!delivering.has(op.path) || typeof op.input !== "object") return next(op);
      return next({ ...op, input: { ...op.input, deliver: "cookie" } });
    };
}
