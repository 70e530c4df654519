import type { TRPCLink } from "@trpc/client";
import type { AnyRouter } from "@trpc/server";
import { tap } from "@trpc/server/observable";

/** Where the client keeps the opaque session token (`wbs_…`) that `sessions.login` answers with. */
export interface SessionToken {
  readonly get: () => string | undefined;
  readonly set: (token: string | undefined) => void;
}

/** In memory: a token in a browser's storage would be readable by every script of the page. */
export function keepInMemory(
  initial: string | undefined,
  onChange: (token: string | undefined) => void = () => {},
): SessionToken {
  let current = initial;
  return {
    get: () => current,
    set(token) {
      if (token === current) return;
      current = token;
      onChange(token);
    },
  };
}

/** Takes the token from every answer of `sessions.*` that brings one, and drops it after a logout. */
export function sessionTokenLink<Router extends AnyRouter>(token: SessionToken): TRPCLink<Router> {
  return () =>
    ({ op, next }) =>
      next(op).pipe(
        tap({
          next({ result }) {
            if (!op.path.startsWith("sessions.") || !("data" in result)) return;
            if (op.path === "sessions.logout") token.set(undefined);
            else if (bringsToken(result.data)) token.set(result.data.session_token);
          },
        }),
      );
}

function bringsToken(data: unknown): data is { session_token: string } {
  return typeof data === "object" && data !== null && "session_token" in data && typeof data.session_token === "string";
}
