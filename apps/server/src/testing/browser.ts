import { errorDataSchema } from "@waybill/contracts";
import { z } from "zod";
import { noteSecret } from "./evidence.ts";

const envelope = z.object({ error: z.object({ data: errorDataSchema }) });

export interface PageAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The answer's text. */
  readonly text: string;
  /** What `set-cookie` said, whole. */
  readonly cookies: readonly string[];
  /** The code that it was refused with; undefined where it was not. */
  readonly code: string | undefined;
}

export interface PageRequest {
  readonly input?: unknown;
  readonly headers?: Record<string, string>;
}

/** As much of a browser as cookies and origins need: what a page of `origin` would send to `url`, and keep of the answers. */
export function openPage(url: string, origin = url) {
  const jar = new Map<string, string>();
  const ask = async (path: string, init: RequestInit): Promise<PageAnswer> => {
    const answer = await fetch(`${url}${path}`, init);
    const text = await answer.text();
    const cookies = answer.headers.getSetCookie();
    for (const cookie of cookies) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === "") jar.delete(name);
      else {
        noteSecret("a cookie", value);
        jar.set(name, value);
      }
    }
    const parsed = answer.ok ? undefined : envelope.safeParse(JSON.parse(text)).data;
    return { status: answer.status, headers: answer.headers, text, cookies, code: parsed?.error.data.code };
  };
  const cookie = (): Record<string, string> =>
    jar.size === 0 ? {} : { cookie: Array.from(jar, ([name, value]) => `${name}=${value}`).join("; ") };
  const csrf = { "x-waybill-csrf": "1" };
  return {
    jar,
    /** What a script of the page sends with `credentials: "include"`; a header that is empty is left out. */
    mutate: (path: string, { input = {}, headers = {} }: PageRequest = {}) =>
      ask(`/trpc/${path}`, {
        method: "POST",
        body: JSON.stringify(input),
        headers: without({ "content-type": "application/json", origin, ...csrf, ...cookie(), ...headers }),
      }),
    query: (path: string, { headers = {} }: PageRequest = {}) =>
      ask(`/trpc/${path}`, { headers: without({ "sec-fetch-site": "same-origin", ...cookie(), ...headers }) }),
    get: (path: string, headers: Record<string, string> = {}) =>
      ask(path, { headers: without({ "sec-fetch-site": "same-origin", ...cookie(), ...headers }) }),
  };
}

function without(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ""));
}
