import type { Request, RequestHandler } from "express";
import { ApiError } from "../trpc/api-error.ts";
import { cookieOf, sessionCookie } from "./cookies.ts";

/** No form and no link can send it, and a script of another origin only where CORS lets it. */
const csrfHeader = "x-waybill-csrf";

/**
 * Lets a request that a cookie speaks for pass only from a page that may act for its user (CSRF): for whoever sends the
 * header `authorization` a browser does nothing by itself, and there is nothing to check.
 */
export function guardCookies(allowedOrigins: readonly string[]): RequestHandler {
  return (request, _response, next) => {
    const { authorization } = request.headers;
    if (authorization === undefined && cookieOf(request, sessionCookie) !== null) {
      refuseSecondHand(request, allowedOrigins);
    }
    next();
  };
}

/**
 * Throws CSRF_REFUSED. What changes something needs the header and an origin that is allowed or the server's own; what
 * reads, the browser's own word that it is for the same site, or else the header too.
 */
export function refuseSecondHand(request: Request, allowedOrigins: readonly string[]): void {
  const { origin } = request.headers;
  const isRead = request.method === "GET";
  if (origin === undefined ? !isRead : !isAllowed(request, origin, allowedOrigins)) {
    const whose = origin === undefined ? "a request that names no origin" : "a page of another origin";
    throw refused(`The session's cookie does not speak for ${whose}`);
  }
  const site = request.headers["sec-fetch-site"];
  if (isRead && (site === "same-origin" || site === "none")) return;
  if (request.headers[csrfHeader] !== "1") throw refused(`The header ${csrfHeader} is missing`);
}

function isAllowed(request: Request, origin: string, allowedOrigins: readonly string[]): boolean {
  if (allowedOrigins.includes(origin)) return true;
  // the scheme may differ behind a proxy that ends TLS; a page on plain http is held back by CORS
  return URL.canParse(origin) && new URL(origin).host === request.host;
}

function refused(message: string): ApiError {
  return new ApiError({ code: "CSRF_REFUSED", message });
}
