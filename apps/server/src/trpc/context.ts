import { isIP } from "node:net";
import type { CreateExpressContextOptions } from "@trpc/server/adapters/express";
import { withoutPort } from "../door/address-key.ts";
import { clearCookie, cookieOf, sessionCookie } from "../http/cookies.ts";
import { requestIdOf } from "../http/request-id.ts";
import type { Caller } from "../features/sessions/caller.ts";
import { type HeldSession, noSessionToken } from "../features/sessions/open-sessions.ts";
import { isSessionToken } from "../features/sessions/session-token.ts";
import type { Origin } from "../features/sessions/logins/login.ts";
import type { TraceHeaders } from "../telemetry/seen.ts";
import type { Services } from "../services.ts";
import { ApiError } from "./api-error.ts";
import { type Delivery, deliveryTo } from "./delivery.ts";

/** What a procedure knows of the request that it serves; one for all calls of a batch. */
export interface RequestContext {
  readonly services: Services;
  readonly requestId: string;
  /** From where it comes: asked at a login and a refusal. */
  readonly origin: () => Origin;
  readonly traceHeaders: TraceHeaders;
  /** The session token or access token of the header `authorization`, else the session cookie; null without either. */
  readonly bearer: string | null;
  /**
   * Who calls; asked once however many calls a batch has. Rejects with TOKEN_INVALID, SESSION_EXPIRED or SESSION_OVER, and
   * with RATE_LIMITED when the account has called too much.
   */
  readonly caller: () => Promise<Caller | null>;
  /** The caller's id once `caller` has found it. */
  readonly knownUser: () => string | null;
  /** The session of the bearer, expired or not; null without a bearer. Rejects with TOKEN_INVALID. */
  readonly findHeld: () => Promise<HeldSession | null>;
  /** The cookies of its answer. */
  readonly delivery: () => Delivery;
}

/** Makes the context of each request of tRPC's Express adapter. */
export function contextOf(services: Services, allowedOrigins: readonly string[] = []) {
  return ({ req, res }: Pick<CreateExpressContextOptions, "req" | "res">): RequestContext => {
    const { authorization } = req.headers;
    const cookie = authorization === undefined ? cookieOf(req, sessionCookie) : null;
    const bearer = cookie ?? bearerOf(authorization);
    const requestId = requestIdOf(res);
    const found = async <Found>(find: (bearer: string) => Promise<Found>): Promise<Found | null> => {
      if (bearer === null) return null;
      if (cookie === null) return find(bearer);
      try {
        // an access token has no place in a cookie
        if (!isSessionToken(cookie)) throw noSessionToken("The session's cookie");
        return await find(cookie);
      } catch (error) {
        if (isOver(error)) clearCookie(res, sessionCookie);
        throw error;
      }
    };
    let caller: Promise<Caller | null> | undefined;
    let knownUser: string | null = null;
    const admitted = async (token: string): Promise<Caller> => {
      const known = await services.callerOf(token);
      knownUser = known.userId;
      await services.door.admitUser(req, known.userId);
      return known;
    };
    return {
      services,
      requestId,
      origin: () => originOf(req),
      traceHeaders: traceHeadersOf(req.headers),
      bearer,
      caller: () => (caller ??= found(admitted)),
      knownUser: () => knownUser,
      findHeld: () => found((token) => services.openSessions.find(token)),
      delivery: () => deliveryTo(req, res, allowedOrigins),
    };
  };
}

/** Whether no call will ever be served again with this token. */
export function isOver(error: unknown): boolean {
  return error instanceof ApiError && (error.waybillCode === "SESSION_OVER" || error.waybillCode === "TOKEN_INVALID");
}

function originOf({ ip, headers }: Pick<CreateExpressContextOptions["req"], "ip" | "headers">): Origin {
  const address = withoutPort(ip ?? "");
  return {
    ipAddress: isIP(address) !== 0 && !address.includes("%") ? address : null,
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
