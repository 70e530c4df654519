import type { IncomingHttpHeaders } from "node:http";

/** An answer read to its last byte. Header names are in lower case. */
export interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Statuses whose Response may have no body (Fetch standard, "null body status"). */
const BODILESS: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/** The headers of an answer; only `get` and `has` are worth doing without the platform's Headers. */
class LightHeaders implements Headers {
  readonly #incoming: IncomingHttpHeaders;
  #real: Headers | undefined;

  constructor(incoming: IncomingHttpHeaders) {
    this.#incoming = incoming;
  }

  get #platform(): Headers {
    this.#real ??= toHeaders(this.#incoming);
    return this.#real;
  }

  get(name: string): string | null {
    if (this.#real !== undefined) return this.#real.get(name);
    const value = this.#incoming[name] ?? this.#incoming[name.toLowerCase()];
    return value === undefined ? null : typeof value === "string" ? value : value.join(", ");
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  append(name: string, value: string): void {
    this.#platform.append(name, value);
  }
  delete(name: string): void {
    this.#platform.delete(name);
  }
  set(name: string, value: string): void {
    this.#platform.set(name, value);
  }
  getSetCookie(): string[] {
    return this.#platform.getSetCookie();
  }
  forEach(callback: (value: string, key: string, self: Headers) => void, thisArg?: unknown): void {
    for (const [key, value] of this.#platform) callback.call(thisArg, value, key, this);
  }
  keys(): ReturnType<Headers["keys"]> {
    return this.#platform.keys();
  }
  values(): ReturnType<Headers["values"]> {
    return this.#platform.values();
  }
  entries(): ReturnType<Headers["entries"]> {
    return this.#platform.entries();
  }
  [Symbol.iterator](): ReturnType<Headers["entries"]> {
    return this.#platform[Symbol.iterator]();
  }
}

export function toHeaders(incoming: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) headers.append(name, one);
  }
  return headers;
}

/**
 * A Response over an answer that is whole already. What postgrest-js reads (ok, status, statusText, headers.get,
 * text) costs next to nothing; the rest is the platform's Response, made when somebody asks for it.
 */
export class LightResponse implements Response {
  readonly headers: Headers;
  readonly status: number;
  readonly statusText: string;
  readonly url: string;
  readonly redirected = false;
  readonly type = "basic";
  readonly #answer: Answer;
  #text: string | undefined;
  #used = false;
  #real: Response | undefined;

  constructor(answer: Answer, url: string, text?: string) {
    this.#answer = answer;
    this.#text = text;
    this.status = answer.status;
    this.statusText = answer.statusText;
    this.headers = new LightHeaders(answer.headers);
    this.url = url;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get bodyUsed(): boolean {
    return this.#real === undefined ? this.#used : this.#real.bodyUsed;
  }

  async text(): Promise<string> {
    if (this.#real !== undefined) return await this.#real.text();
    this.#use();
    this.#text ??= decode(this.#answer.body);
    return this.#text;
  }

  async json(): Promise<unknown> {
    const parsed: unknown = JSON.parse(await this.text());
    return parsed;
  }

  clone(): Response {
    if (this.bodyUsed) throw new TypeError("Response.clone: Body has already been consumed.");
    if (this.#real !== undefined) return this.#real.clone();
    return new LightResponse(this.#answer, this.url, this.#text);
  }

  get body(): Response["body"] {
    return this.#platform().body;
  }
  async arrayBuffer(): ReturnType<Response["arrayBuffer"]> {
    return await this.#platform().arrayBuffer();
  }
  async blob(): ReturnType<Response["blob"]> {
    return await this.#platform().blob();
  }
  async bytes(): ReturnType<Response["bytes"]> {
    return await this.#platform().bytes();
  }
  async formData(): ReturnType<Response["formData"]> {
    return await this.#platform().formData();
  }

  #use(): void {
    if (this.#used) throw new TypeError("Body is unusable: Body has already been read");
    this.#used = true;
  }

  #platform(): Response {
    if (this.#real !== undefined) return this.#real;
    this.#real = platformResponse(this.#answer, this.url);
    if (this.#used) void this.#real.arrayBuffer();
    return this.#real;
  }
}

// `instanceof Response` and `instanceof Headers` hold, though neither constructor ran: every member is answered above.
Object.setPrototypeOf(LightResponse.prototype, Response.prototype);
Object.setPrototypeOf(LightHeaders.prototype, Headers.prototype);

/** The platform's own Response over an answer that is whole already. */
export function platformResponse({ status, statusText, headers, body }: Answer, url: string): Response {
  const init = { status, statusText, headers: toHeaders(headers) };
  return withUrl(BODILESS.has(status) ? new Response(null, init) : new Response(new Uint8Array(body), init), url);
}

/** A Response made by hand has no URL of its own, and its type is another than that of one that came from a server. */
export function withUrl(response: Response, url: string): Response {
  return Object.defineProperties(response, {
    url: { value: url, enumerable: true },
    type: { value: "basic", enumerable: true },
  });
}

/** UTF-8 without its byte order mark, as the Fetch standard decodes. */
export function decode(body: Buffer): string {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.toString("utf8", 3) : body.toString("utf8");
}
