import { hash } from "node:crypto";
import type { AnyRouter } from "@trpc/server";
import type { HTTPBaseHandlerOptions } from "@trpc/server/http";
import type { RequestHandler } from "express";
import onHeaders from "on-headers";
import { ApiError } from "../trpc/api-error.ts";

type ResponseMeta = NonNullable<HTTPBaseHandlerOptions<AnyRouter, unknown>["responseMeta"]>;

/**
 * Headers for whoever keeps answers (RFC 9111): nobody does, but for a caller's own copy of an answer of procedures that
 * allow it. Such an answer has an entity tag; in a batch all calls must allow it. An error is never kept.
 */
export const keepingHeaders: ResponseMeta = ({ data, info, errors, eagerGeneration }) => {
  const isKept = errors.length === 0 && !eagerGeneration && mayAllBeKept(info);
  if (!isKept) return { headers: { "cache-control": "no-store", ...retryAfter(errors) } };
  const headers = new Headers({ "cache-control": "private, no-cache", vary: "authorization, cookie" });
  headers.set("etag", `W/"${hash("sha256", JSON.stringify(data), "base64url")}"`);
  return { headers };
};

/** The longest time that one of a batch asks for. A stream's head is sent before its errors are known: their hints tell. */
function retryAfter(errors: readonly unknown[]): Record<string, string> {
  const seconds = errors.flatMap((error) => (error instanceof ApiError ? (error.retryAfterSeconds ?? []) : []));
  return seconds.length === 0 ? {} : { "retry-after": String(Math.max(...seconds)) };
}

function mayAllBeKept(info: Parameters<ResponseMeta>[0]["info"]): boolean {
  return info?.calls.every(({ procedure }) => isRevalidated(procedure?._def.meta)) ?? false;
}

function isRevalidated(meta: unknown): boolean {
  return typeof meta === "object" && meta !== null && "revalidates" in meta && meta.revalidates === true;
}

/** Answers 304 without a body where the caller has this very answer already. The procedure ran all the same. */
export const answerUnchanged: RequestHandler = (request, response, next) => {
  if (request.headers["if-none-match"] !== undefined) {
    onHeaders(response, () => {
      if (request.fresh) response.statusCode = 304;
    });
  }
  next();
};
