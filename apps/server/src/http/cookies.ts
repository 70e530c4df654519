import type { Request, Response } from "express";
import { ApiError } from "../trpc/api-error.ts";

/**
 * The session token of a browser. `__Host-` lets no other host and no plain-http page write it. It is the only name on
 * plain http to this machine too: browsers but Safari count 127.0.0.1 and localhost as safe, and a second, weaker
 * name would be the one that an attacker writes.
 */
export const sessionCookie = "__Host-waybill";
/** A sign-in by OAuth that is under way. */
export const oauthCookie = "__Host-waybill-oauth";

const ours = [sessionCookie, oauthCookie] as const;
export type CookieName = (typeof ours)[number];

const attributes = { httpOnly: true, secure: true, sameSite: "lax", path: "/" } as const;

/** The value of a cookie; null without one. Of two with one name nobody knows who set which, so both are refused. */
export function cookieOf({ headers }: Pick<Request, "headers">, name: CookieName): string | null {
  if (headers.cookie === undefined || !headers.cookie.includes(name)) return null;
  const [value, second] = headers.cookie
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  if (second !== undefined) throw twice(name);
  return value === undefined || value === "" ? null : value;
}

/** Throws MALFORMED_REQUEST where a cookie of ours is there twice. */
export function refuseDoubled(request: Pick<Request, "headers">): void {
  for (const name of ours) cookieOf(request, name);
}

/** Takes the place of what was set for this answer before. */
export function setCookie(response: Response, name: CookieName, value: string, seconds: number): void {
  forgetSet(response, name);
  response.cookie(name, value, { ...attributes, maxAge: seconds * 1000, encode: String });
}

/** Nothing where the head is sent already: the next answer will do. */
export function clearCookie(response: Response, name: CookieName): void {
  if (response.headersSent) return;
  forgetSet(response, name);
  response.clearCookie(name, attributes);
}

function forgetSet(response: Response, name: CookieName): void {
  const set = [response.getHeader("set-cookie") ?? []].flat().map(String);
  const others = set.filter((cookie) => !cookie.startsWith(`${name}=`));
  if (others.length > 0) response.setHeader("set-cookie", others);
  else response.removeHeader("set-cookie");
}

function twice(name: CookieName): ApiError {
  const message = `must be there once: the cookie ${name} came twice`;
  return new ApiError({
    code: "MALFORMED_REQUEST",
    message: `The cookie ${name} came twice`,
    hint: "Delete this site's cookies in the browser and sign in again.",
    issues: [{ field: "cookie", rule: "once", message }],
  });
}
