import { hash } from "node:crypto";
import { z } from "zod";
import type { Call } from "../client/call/call.ts";
import type { HeaderLookup } from "../client/index.ts";

/** What a caller's own Cache-Control says when it wants the answer of this moment. */
const FRESH_ONLY = /\b(?:no-store|no-cache|max-age=0)\b/i;
const CONDITIONS = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"];

/** Whether a call is a plain read of rows, which an answer from memory may serve. */
export function isCacheable({
  kind,
  request: { method, path, headers, body },
}: Pick<Call, "kind" | "request">): boolean {
  if (kind.service !== "rest" || method !== "GET" || body.kind !== "none") return false;
  // the root is the API's description, whose "table" somebody could have
  if (!/^\/rest\/v1\/./.test(path)) return false;
  if (FRESH_ONLY.test(headers.get("cache-control") ?? "") || headers.has("pragma")) return false;
  // a plan is asked for to be measured
  if (headers.get("accept")?.includes("vnd.pgrst.plan") === true) return false;
  return !CONDITIONS.some((name) => headers.has(name));
}

/** Of one request alone: they change no answer. */
const OF_THE_REQUEST = new Set(["x-request-id", "x-retry-count", "traceparent", "tracestate", "baggage"]);

/**
 * Who asks, and for what: method, URL and every header, the token itself among them. Policies and views can read each
 * claim and each header (`request.jwt.claims`, `request.headers`), so no list of those that matter would be safe. As a
 * hash, so that no token is kept.
 */
export function cacheKey({ method, url, headers }: Call["request"]): string {
  let text = `${method} ${url}`;
  for (const [name, value] of headers) if (!OF_THE_REQUEST.has(name)) text += `\n${name}:${value}`;
  return hash("sha256", text, "base64");
}

const claimsSchema = z.object({ exp: z.number().optional() });

/** When the request's tokens end, in ms since 1970: Infinity for keys; null where that cannot be read. */
export function tokensEndAt(headers: HeaderLookup): number | null {
  const tokens = [headers.get("authorization")?.replace(/^Bearer +/i, ""), headers.get("apikey")];
  let end = Number.POSITIVE_INFINITY;
  for (const token of tokens) {
    if (token === undefined || token.startsWith("sb_")) continue;
    const tokenEnd = tokenEndsAt(token);
    if (tokenEnd === null) return null;
    end = Math.min(end, tokenEnd);
  }
  return end;
}

function tokenEndsAt(token: string): number | null {
  const payload = /^[^.]+\.([^.]+)\.[^.]*$/.exec(token)?.[1];
  if (payload === undefined) return null;
  try {
    const { exp } = claimsSchema.parse(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")));
    return exp === undefined ? Number.POSITIVE_INFINITY : exp * 1000;
  } catch {
    return null;
  }
}
