import type { Call } from "../client/call/call.ts";
import { type Answer, LightResponse } from "../client/transport/light-response.ts";

/** An answer as it came, with what tells for how long it holds. */
export interface KeptAnswer {
  readonly answer: Answer;
  /** The operation whose record has the body. */
  readonly operationId: string;
  /** Monotonic ms. */
  readonly readAt: number;
  /** What was known of its tables' writes when it was asked for. */
  readonly stamp: number;
}

/** What an entry takes besides its body and headers: key, bookkeeping. */
const OVERHEAD = 1024;

export function sizeOf({ answer: { body, headers } }: KeptAnswer): number {
  // PostgREST repeats the query, which its caller chose, in content-location
  return body.length + JSON.stringify(headers).length + OVERHEAD;
}

/** The answer in a Response that its caller still reads; null for one that must not be given to anybody else. */
export async function readAnswer(response: Response): Promise<Answer | null> {
  const { status, statusText, headers } = response;
  if (status !== 200 && status !== 206) return null;
  // a function of the project's can set these (`response.headers`)
  if (/\b(?:no-store|no-cache)\b/i.test(headers.get("cache-control") ?? "")) return null;
  if (headers.has("set-cookie") || headers.get("vary") === "*") return null;
  const body = Buffer.from(await response.clone().arrayBuffer());
  return { status, statusText, headers: Object.fromEntries(headers), body };
}

/** Another Response of it, its age said as HTTP's caches say it. */
export function responseOf({ answer, readAt }: KeptAnswer, { request }: Call, now: number): Response {
  const age = String(Math.floor(Math.max(0, now - readAt) / 1000));
  return new LightResponse({ ...answer, headers: { ...answer.headers, age } }, request.url);
}
