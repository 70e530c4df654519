import { z } from "zod";

const urlLimit = 2048;

export interface UrlRule {
  /** Takes `http:` for a loopback host, as `supabase start` serves it without TLS. Default: refuse. */
  readonly allowHttpLoopback?: boolean;
}

/** A Supabase project's URL under the given rule: `https:` only, unless loopback over `http:` is allowed. */
export function supabaseUrlSchema(rule: UrlRule = {}) {
  return z.string({ error: "must be a string" }).superRefine((text, context) => {
    const fault = urlFault(text, rule.allowHttpLoopback ?? false);
    if (fault !== null) context.addIssue({ code: "custom", message: fault });
  });
}

/** An `https://` URL without user, password, query or fragment (data-model.md §1). */
export const httpsUrlSchema = supabaseUrlSchema();

/** The URL in a stored row: whether `http:` was allowed was settled when the row was written. */
export const storedUrlSchema = supabaseUrlSchema({ allowHttpLoopback: true });

function urlFault(text: string, allowHttpLoopback: boolean): string | null {
  if (text.length > urlLimit) return `must have at most ${urlLimit} characters; shorten it`;
  // `new URL` silently drops blanks and line breaks and mends `https:/host`; the table takes none of it.
  const parts = /^([a-z]+):\/\/([^\s/\\]+)[^\s\\]*$/i.exec(text);
  if (parts === null || !/^[\u0021-\u007e]+$/.test(text) || !URL.canParse(text)) {
    return "must be a URL such as https://project.supabase.co";
  }
  const [, protocol = "", host = ""] = parts;
  if (text.includes("@")) return "must not carry a user or password, nor any @; take them out of the URL";
  if (/[?#]/.test(text)) return "must not carry a query or a fragment; give the project's base URL";
  if (/^https$/i.test(protocol)) return null;
  if (/^http$/i.test(protocol) && allowHttpLoopback && isLoopback(host)) return null;
  return "must be an https:// URL; http:// is taken only for a loopback host with WAYBILL_ALLOW_HTTP_LOOPBACK=1";
}

/** As it is written, for the table reads no other way of writing 127.0.0.1. */
function isLoopback(host: string): boolean {
  return /^(([a-z0-9-]+\.)*localhost|127(\.\d{1,3}){1,3}|\[::1\])(:\d{1,5})?$/i.test(host);
}
