import type { Request, Response } from "express";

/**
 * The session token of a browser. `__Host-` lets no other host and no plain-http page write it. It is the only name on
 * plain http to this machine too: browsers but Safari count 127.0.0.1 and localhost as safe, and a second, weaker
 * name would be the one that an attacker writes.
 */
export const sessionCookie = "__Host-waybill";
/** A sign-in by OAuth that is under way. */
export const oauthCookie = "__Host-waybill-oauth";

export type CookieName = typeof sessionCookie | typeof oauthCookie;

const attributes = { httpOnly: true, secure: true, sameSite: "lax", path: "/" } as const;

/** The value of a cookie; null without one. That none of ours is there twice was seen to by `refuseHeaders`. */
export function cookieOf({ headers }: Pick<Request, "headers">, name: CookieName): string | null {
  if (headers.cookie === undefined || !headers.cookie.includes(name)) return null;
  const pair = headers.cookie
    .split(";")
    .map((text) => text.trim())
    .find((text) => text.startsWith(`${name}=`));
  const value = pair?.slice(name.length + 1) ?? "";
  return value === "" ? null : value;
}

/** Takes the place of what was set for this answer before. */
export function setCookie(response: Response, name: CookieName, value: string, seconds: number): void {
  forgetSet(response, name);
  response.cookie(name, value, { ...attributes, maxAge: seconds * 1000, encode: String });
}

/** Takes away what came with the request, where that may still go. */
export function clearCookie(response: Response, name: CookieName): void {
  if (mayStillGo(response, name)) response.clearCookie(name, attributes);
}

/**
 * Whether an answer may say something of the cookie that came with its request. Not where the head is sent already: the
 * next answer will do. Nor where another call of the batch has set a new one, which nobody would hold then.
 */
export function mayStillGo(response: Response, name: CookieName): boolean {
  return !response.headersSent && setIn(response).every((cookie) => !cookie.startsWith(`${name}=`));
}

function setIn(response: Response): string[] {
  return [response.getHeader("set-cookie") ?? []].flat().map(String);
}

function forgetSet(response: Response, name: CookieName): void {
  const others = setIn(response).filter((cookie) => !cookie.startsWith(`${name}=`));
  if (others.length > 0) response.setHeader("set-cookie", others);
  else response.removeHeader("set-cookie");
}
