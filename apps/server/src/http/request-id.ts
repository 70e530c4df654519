import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import type { RequestHandler, Response } from "express";

const header = "x-request-id";
const current = new AsyncLocalStorage<string>();
const visibleAscii = /^[\x21-\x7e]{1,128}$/;

/** Gives every request an id: the caller's `x-request-id` if it is 1–128 visible ASCII characters, else a new one. */
export const assignRequestId: RequestHandler = (request, response, next) => {
  const given = request.headers[header];
  const id = typeof given === "string" && visibleAscii.test(given) ? given : randomUUID();
  response.setHeader(header, id);
  current.run(id, next);
};

/** The id of the request that is being served; null outside of one. For what has neither answer nor context at hand. */
export function currentRequestId(): string | null {
  return current.getStore() ?? null;
}

/** The id that `assignRequestId` gave; it stands in the answer's header, so there is no second place to disagree with. */
export function requestIdOf(response: Pick<Response, "getHeader">): string {
  return String(response.getHeader(header));
}
