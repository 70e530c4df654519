import { decodeJwt } from "jose";
import type { IncomingHttpHeaders } from "node:http";
import { classify } from "./classify.ts";

/** A request that arrived at the proxy, and what its record must say. */
export interface SeenRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** `unclassified` when the proxy does not know such a call: then no record can match. */
  readonly type: "create" | "read" | "update" | "delete" | "unclassified";
  readonly table: string;
  /** `sub` of the bearer's JWT; `null` for a call under a key alone. */
  readonly userId: string | null;
  readonly key: "secret" | "publishable";
  /** `x-request-id`, which Waybill sends along. */
  readonly requestId: string | null;
  /** `unanswered` until Supabase answered; a status under 400 is a success. */
  status: "success" | "error" | "unanswered";
}

/** Reads a request's head; its body does not tell anything that a record must repeat. */
export function readRequest(method: string, url: string, headers: IncomingHttpHeaders): SeenRequest {
  const path = new URL(url, "https://proxy.invalid").pathname;
  const { type, table } = classify(method, path) ?? { type: "unclassified" as const, table: path };
  return {
    method,
    path,
    type,
    table,
    userId: subjectOf(headers.authorization),
    key: String(headers["apikey"]).startsWith("sb_secret_") ? "secret" : "publishable",
    requestId: headers["x-request-id"]?.toString() ?? null,
    status: "unanswered",
  };
}

/** The ledger's own calls (decisions.md, Tracking): its flush, the clients' rows, what is noted of sessions, the jobs, the counters, the models' marks. */
const ledgerCalls = [
  /^POST \/rest\/v1\/rpc\/record_operations$/,
  /^POST \/rest\/v1\/rpc\/(hold_lease|release_lease|maintain_operations|beat_clients|disconnect_dead_clients)$/,
  /^POST \/rest\/v1\/rpc\/(count_points|model_marks)$/,
  /^(GET|POST|PATCH) \/rest\/v1\/supabase_clients$/,
  /^POST \/rest\/v1\/rpc\/(touch_sessions|lease_session_refresh|release_session_refresh|expire_sessions)$/,
  /^GET \/rest\/v1\/authentication_contexts$/,
];

/** Whether a request that calls itself the ledger's own can be: its word alone would hide any call from the count. */
export function isLedgers({ method, path, key, userId }: SeenRequest, headers: IncomingHttpHeaders): boolean {
  if (headers["x-client-info"] !== "waybill-ledger" || userId !== null) return false;
  // an anon client's own probe asks with its own key
  const readsOnly = method === "GET" || method === "HEAD";
  return (key === "secret" || readsOnly) && ledgerCalls.some((call) => call.test(`${method} ${path}`));
}

function subjectOf(authorization: string | undefined): string | null {
  const token = authorization?.replace(/^Bearer /, "");
  // a key in the new format is no JWT and stands for nobody
  return token?.split(".").length === 3 ? (decodeJwt(token).sub ?? null) : null;
}
