import type { RequestHandler } from "express";
import helmet from "helmet";

type Policy = Readonly<Record<string, readonly string[]>>;

/** For answers that are data: a browser that shows one runs, loads and frames nothing. */
export const dataPolicy: Policy = {
  "default-src": ["'none'"],
  "base-uri": ["'none'"],
  "form-action": ["'none'"],
  "frame-ancestors": ["'none'"],
};

/** For the console's pages: files and calls of this origin alone, no inline script, no eval. */
export const consolePolicy: Policy = {
  "default-src": ["'none'"],
  "script-src": ["'self'"],
  "style-src": ["'self'"],
  "img-src": ["'self'", "data:"],
  "font-src": ["'self'"],
  "connect-src": ["'self'"],
  "manifest-src": ["'self'"],
  "base-uri": ["'none'"],
  "form-action": ["'self'"],
  "frame-ancestors": ["'none'"],
};

/** A year; this host alone, since its neighbours are not ours to speak for. */
const transportSecurity = "max-age=31536000";

/** What browsers are told with every answer. `no-store` is what an answer is until its procedure says otherwise. */
export function securityHeaders(policy: Policy): RequestHandler[] {
  const byHelmet = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: Object.fromEntries(Object.entries(policy).map(([name, sources]) => [name, [...sources]])),
    },
    xFrameOptions: { action: "deny" },
    // over plain HTTP browsers ignore it, and on a loopback host it would lock other programs out
    strictTransportSecurity: false,
  });
  return [byHelmet, overTls];
}

/** `request.secure` is what the connection is, or what a trusted proxy says of its own (WAYBILL_TRUST_PROXY). */
const overTls: RequestHandler = (request, response, next) => {
  if (request.secure) response.setHeader("strict-transport-security", transportSecurity);
  response.setHeader("cache-control", "no-store");
  next();
};
