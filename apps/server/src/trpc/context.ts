import { isIP } from "node:net";
import type { CreateExpressContextOptions } from "@trpc/server/adapters/express";
import { requestIdOf } from "../http/request-id.ts";
import type { Caller } from "../features/sessions/caller.ts";
import type { Origin } from "../features/sessions/service.ts";
import type { TraceHeaders } from "../telemetry/seen.ts";
import type { Services } from "../services.ts";

/** What a procedure knows of the request that it serves; one for all calls of a batch. */
export interface RequestContext {
  readonly services: Services;
  readonly requestId: string;
  /** From where it comes; only a login asks. */
  readonly origin: () => Origin;
  readonly traceHeaders: TraceHeaders;
  /** The session token or access token of the header `authorization`; null without one. */
  readonly bearer: string | null;
  /** Who calls; asked once however many calls a batch has. Rejects with TOKEN_INVALID, SESSION_EXPIRED or SESSION_OVER. */
  readonly caller: () => Promise<Caller | null>;
}

/** Makes the context of each request of tRPC's Express adapter. */
export function contextOf(services: Services) {
  return ({ req, res }: Pick<CreateExpressContextOptions, "req" | "res">): RequestContext => {
    const bearer = bearerOf(req.headers.authorization);
    const requestId = requestIdOf(res);
    let caller: Promise<Caller | null> | undefined;
    return {
      services,
      requestId,
      origin: () => originOf(req),
      traceHeaders: traceHeadersOf(req.headers),
      bearer,
      caller: () => (caller ??= bearer === null ? Promise.resolve(null) : services.callerOf(bearer)),
    };
  };
}

function originOf({ ip, headers }: Pick<CreateExpressContextOptions["req"], "ip" | "headers">): Origin {
  return {
    ipAddress: ip !== undefined && isIP(ip) !== 0 && !ip.includes("%") ? ip : null,
    userAgent: headers["user-agent"]?.slice(0, 1024).trim() || null,
  };
}

function traceHeadersOf({ traceparent, tracestate }: CreateExpressContextOptions["req"]["headers"]): TraceHeaders {
  return {
    ...(typeof traceparent === "string" ? { traceparent } : {}),
    ...(typeof tracestate === "string" ? { tracestate } : {}),
  };
}

function bearerOf(header: string | undefined): string | null {
  return /^Bearer +([\x21-\x7e]{1,16384})$/i.exec(header ?? "")?.[1] ?? null;
}
