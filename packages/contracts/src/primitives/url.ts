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
  // `new URL` silently drops blanks and line breaks, so they are refused before it sees them.
  if (!/^[\u0021-\u007e]+$/.test(text) || !URL.canParse(text))
    return "must be a URL such as https://project.supabase.co";
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") return "must not carry a user or password; take them out of the URL";
  if (url.search !== "" || url.hash !== "" || /[?#]/.test(text)) {
    return "must not carry a query or a fragment; give the project's base URL";
  }
  if (url.protocol === "https:") return null;
  if (url.protocol === "http:" && allowHttpLoopback && isLoopback(url.hostname)) return null;
  return "must be an https:// URL; http:// is taken only for a loopback host with WAYBILL_ALLOW_HTTP_LOOPBACK=1";
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
