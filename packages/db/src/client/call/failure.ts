import { z } from "zod";
import type { OperationClass } from "../classify/operation-class.ts";
import { CallError } from "../errors.ts";

/** What an answer or its absence says about the connection, not about the call. */
export type ConnectionSign =
  | { readonly type: "succeeded" }
  | { readonly type: "failed"; readonly message: string }
  /** The deadline passed without an answer: the call may be slow or the connection dead; a probe tells. */
  | { readonly type: "suspect"; readonly message: string };

const MESSAGE_LIMIT = 1000;

/** PostgREST's, Auth's and Storage's error bodies, whichever it is. */
const errorBodySchema = z
  .object({
    code: z.union([z.string(), z.number()]).nullable(),
    error_code: z.string(),
    statusCode: z.union([z.string(), z.number()]),
    error: z.string(),
    message: z.string(),
    msg: z.string(),
    error_description: z.string(),
  })
  .partial();

export interface ErrorBody {
  readonly code: string | null;
  readonly message: string | null;
}

/** Code and message of an error's JSON body; nulls where it has none. */
export function readErrorBody(text: string): ErrorBody {
  try {
    const body = errorBodySchema.parse(JSON.parse(text));
    const code = body.error_code ?? body.code ?? (body.message === undefined ? null : body.error) ?? null;
    const message = body.message ?? body.msg ?? body.error_description ?? body.error ?? null;
    return { code: code === null ? null : String(code), message };
  } catch {
    return { code: null, message: null };
  }
}

export function httpErrorMessage(status: number, statusText: string, body: ErrorBody): string {
  const http = `HTTP ${status}${statusText === "" ? "" : ` ${statusText}`}`;
  if (body.message === null) return http;
  return bounded(`${body.code ?? http}: ${body.message}`);
}

/** A network failure as a sentence: its code first. */
export function networkMessage(error: unknown): string {
  if (error instanceof CallError) return `${error.code}: ${error.sentence}`;
  const cause = innermost(error);
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = codeOf(cause);
  return bounded(
    code === null || message.startsWith(code) ? message || (code ?? "Unknown failure") : `${code}: ${message}`,
  );
}

const GATEWAY = new Set([502, 503, 504, 520, 521, 522, 523, 524]);
/** Postgres is gone, going, starting, or out of connections, memory or disk; or PostgREST cannot reach it. */
const OUT_OF_SERVICE = /^(?:(?:08|53|58)...|57P..|PGRST00\d)$/;

/**
 * Whether an answer shows the connection's own failure (decisions.md). What a caller can provoke does not: a code raised
 * by its own function, a statement timeout, the status of an edge function's own choice.
 */
export function isOutage(status: number, body: ErrorBody, service: OperationClass["service"] = "rest"): boolean {
  if (service === "functions") return false;
  if (body.code !== null && OUT_OF_SERVICE.test(body.code)) return true;
  if (!GATEWAY.has(status)) return false;
  return body.code === null || service === "auth" || service === "storage";
}

const CONNECTION_CODES =
  /^(?:ECONN(?:REFUSED|RESET|ABORTED)|EPIPE|EPROTO|ETIMEDOUT|ENOTFOUND|EAI_\w+|E(?:HOST|NET)(?:UNREACH|DOWN)|ENETRESET|UND_ERR_(?:CONNECT_TIMEOUT|SOCKET)|HPE_\w+|ERR_(?:TLS|SSL)_\w+|CERT_\w+|UNABLE_TO_\w+|SELF_SIGNED_\w+|DEPTH_ZERO_\w+)$/;

/** Refused, reset, DNS, TLS, no answer to connecting; not a request that was malformed or a body that its sender broke off. */
export function isConnectionFailure(error: unknown): boolean {
  const cause = innermost(error);
  const code = codeOf(cause);
  // undici gives some of its parser's errors no code: what answers there does not speak HTTP
  return code === null ? cause instanceof Error && cause.name === "HTTPParserError" : CONNECTION_CODES.test(code);
}

function innermost(error: unknown): unknown {
  let at = error;
  for (let depth = 0; depth < 4 && at instanceof Error && at.cause instanceof Error; depth += 1) at = at.cause;
  return at;
}

function codeOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

function bounded(message: string): string {
  const line = message.replaceAll("\0", "\uFFFD").toWellFormed();
  return line.length <= MESSAGE_LIMIT ? line : `${line.slice(0, MESSAGE_LIMIT - 1)}…`;
}
