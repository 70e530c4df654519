import { RequestHeaders } from "./request-headers.ts";

/** A call of `fetch`, read once: what it says, before anything is sent. */
export interface ReadRequest {
  readonly method: string;
  readonly url: string;
  /** Path and query as they go over the wire. */
  readonly target: string;
  /** Below the project's URL, percent-encoded, beginning with a slash, without the query. */
  readonly path: string;
  /** Without its question mark; empty for none. */
  readonly query: string;
  readonly headers: RequestHeaders;
  readonly body: ReadBody;
  readonly signal: AbortSignal | null;
  /** What the platform's fetch is called with where the body streams. */
  readonly init: RequestInit;
}

/** Text and bytes that are in memory already, or a body that only the platform's fetch can send. */
export type ReadBody =
  | { readonly kind: "none" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "stream" };

/** @throws TypeError for a URL outside the project: its keys must not go there. */
export function readRequest(base: string, input: string | URL | Request, init: RequestInit = {}): ReadRequest {
  if (input instanceof Request) return readRequestObject(base, new Request(input, init));
  const { url, target, path, query } = withinProject(base, typeof input === "string" ? input : input.href);
  const headers = readHeaders(init.headers);
  return {
    method: (init.method ?? "GET").toUpperCase(),
    url,
    target,
    path,
    query,
    headers,
    body: readBody(init.body, headers),
    signal: init.signal ?? null,
    init,
  };
}

function readRequestObject(base: string, request: Request): ReadRequest {
  return {
    method: request.method,
    ...withinProject(base, request.url),
    headers: readHeaders(request.headers),
    body: request.body === null ? { kind: "none" } : { kind: "stream" },
    signal: request.signal,
    init: request.body === null ? {} : { body: request.body, duplex: "half" },
  };
}

/** What the URL parser could still change: storage-js puts an object's path in as it stands, blanks and umlauts included. */
const UNNORMAL = /[^!-~]|["#<>\\^`{|}]|\/\.|%2e/i;

function withinProject(base: string, text: string): Pick<ReadRequest, "url" | "target" | "path" | "query"> {
  // supabase-js has normalized most of its URLs already, and parsing costs more than this look
  const url = text.startsWith(`${base}/`) && !UNNORMAL.test(text) ? text : normalize(text);
  if (!url.startsWith(`${base}/`)) {
    throw new TypeError(
      `This client is for ${base}, but was asked for ${new URL(url).origin}. Give createClient the URL that it was opened with, and fetch other addresses with the platform's fetch.`,
    );
  }
  const target = url.slice(url.indexOf("/", url.indexOf("//") + 2));
  const below = url.slice(base.length);
  const mark = below.indexOf("?");
  return mark === -1
    ? { url, target, path: below, query: "" }
    : { url, target, path: below.slice(0, mark), query: below.slice(mark + 1) };
}

function normalize(text: string): string {
  const url = new URL(text);
  url.hash = "";
  return url.href;
}

function readHeaders(given: RequestInit["headers"]): RequestHeaders {
  // the platform's Headers give each name once, in lower case
  return new RequestHeaders(given instanceof Headers ? given : new Headers(given));
}

function readBody(body: unknown, headers: RequestHeaders): ReadBody {
  if (body === undefined || body === null) return { kind: "none" };
  if (typeof body === "string") {
    if (!headers.has("content-type")) headers.set("content-type", "text/plain;charset=UTF-8");
    return { kind: "text", text: body };
  }
  if (body instanceof URLSearchParams) {
    if (!headers.has("content-type")) headers.set("content-type", "application/x-www-form-urlencoded;charset=UTF-8");
    return { kind: "text", text: body.toString() };
  }
  if (body instanceof Uint8Array) return { kind: "bytes", bytes: body };
  if (body instanceof ArrayBuffer) return { kind: "bytes", bytes: new Uint8Array(body) };
  if (ArrayBuffer.isView(body)) {
    return { kind: "bytes", bytes: new Uint8Array(body.buffer, body.byteOffset, body.byteLength) };
  }
  return { kind: "stream" };
}
