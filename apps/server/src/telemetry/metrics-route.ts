import { createHash, timingSafeEqual } from "node:crypto";
import type { Request, RequestHandler } from "express";
import { ApiError } from "../trpc/api-error.ts";
import type { Telemetry } from "./telemetry.ts";

/**
 * `GET /metrics` for this machine, and for whoever brings the token (`WAYBILL_METRICS_TOKEN`). A request that a proxy on
 * this machine passes on, or a page that a browser here was led to by a name of its own, is not from this machine.
 */
export function metricsRoute(telemetry: Telemetry, token: string | undefined): RequestHandler {
  return async (request, response) => {
    if (!isLocal(request) && !bears(request, token)) {
      throw new ApiError({
        code: "UNAUTHENTICATED",
        message: "The metrics are for this machine, and for who brings the token",
        hint: "Ask from the machine itself, or send authorization: Bearer <WAYBILL_METRICS_TOKEN>.",
      });
    }
    const metrics = telemetry.metrics();
    const text = await metrics.read();
    response.setHeader("content-type", metrics.contentType);
    response.setHeader("cache-control", "no-store");
    response.end(text);
  };
}

const loopback = /^(?:127(?:\.\d{1,3}){3}|::1|::ffff:127(?:\.\d{1,3}){3})$/;
const localHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;
const signsOfProxy = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

function isLocal({ socket, headers }: Request): boolean {
  return (
    loopback.test(socket.remoteAddress ?? "") &&
    localHost.test(headers.host ?? "") &&
    signsOfProxy.every((name) => headers[name] === undefined)
  );
}

function bears({ headers }: Request, token: string | undefined): boolean {
  const given = /^Bearer +(.+)$/i.exec(headers.authorization ?? "")?.[1];
  // hashes are of one length, so the time tells nothing of the token
  return token !== undefined && given !== undefined && timingSafeEqual(hash(given), hash(token));
}

function hash(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
