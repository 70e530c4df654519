import type { Request, Response } from "express";
import { clearCookie, type CookieName, cookieOf, mayStillGo, setCookie } from "../http/cookies.ts";
import { refuseSecondHand } from "../http/first-hand.ts";
import { ApiError } from "./api-error.ts";

/** Cookies that come with a request and go with its answer. */
export interface Delivery {
  /** Before anything is done whose outcome goes into a cookie. Throws MALFORMED_REQUEST or CSRF_REFUSED. */
  refuseUnlessPossible(): void;
  read(name: CookieName): string | null;
  set(name: CookieName, value: string, seconds: number): void;
  /** As `set`, of what came with the request; nothing where that is too late, or another call has set a new one. */
  prolong(name: CookieName, value: string, seconds: number): void;
  clear(name: CookieName): void;
}

export function deliveryTo(request: Request, response: Response, allowedOrigins: readonly string[]): Delivery {
  return {
    refuseUnlessPossible() {
      if (request.headers["trpc-accept"] === "application/jsonl" || response.headersSent) {
        throw new ApiError({
          code: "MALFORMED_REQUEST",
          message: "A streamed answer cannot set a cookie",
          hint: "Send this call alone (tRPC's httpLink), or ask for the token with deliver: token.",
          issues: [{ field: "deliver", rule: "stream", message: "must be token in a streamed batch" }],
        });
      }
      refuseSecondHand(request, allowedOrigins);
    },
    read: (name) => cookieOf(request, name),
    set: (name, value, seconds) => setCookie(response, name, value, seconds),
    prolong(name, value, seconds) {
      if (mayStillGo(response, name)) setCookie(response, name, value, seconds);
    },
    clear: (name) => clearCookie(response, name),
  };
}
