import type { Instant } from "../ledger/clock.ts";
import { answerCall } from "./call/answer-call.ts";
import type { Call } from "./call/call.ts";
import { HeldOperations, retryKey } from "./call/held-operations.ts";
import { readRequest } from "./call/read-request.ts";
import type { TrackedFetchOptions } from "./call/options.ts";
import { createRetries } from "./call/retries.ts";
import type { ReadRequest } from "./call/read-request.ts";
import { RequestHeaders } from "./call/request-headers.ts";
import { Settlement } from "./call/settlement.ts";
import { createSubjects, type SubjectOf } from "./call/subject.ts";
import { takeTimeout } from "./call/timeout-header.ts";
import { parseSearch } from "./capture/redact-search.ts";
import { classify, OPERATION_HEADER, saidOf } from "./classify/classify.ts";
import { decodeSegment } from "./classify/operation-class.ts";
import { currentContext, inScopeOfItsOwn, noteOperation } from "./context.ts";
import { ledgerRefusal } from "./errors.ts";
import { Limit } from "./transport/limit.ts";

export interface TrackedFetch {
  (input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** Records the operations that still wait for a retry of the client's own. */
  settleHeld(): void;
  /** Answers what waits for its next attempt with what its last one led to. */
  endWaits(): void;
}

/**
 * A `fetch` whose every call is one operation: its intent is written before the request leaves, its outcome after the
 * last byte (decisions.md, Tracking). What the caller sees is what the platform's fetch would have given.
 */
export function createTrackedFetch(options: TrackedFetchOptions): TrackedFetch {
  const held = new HeldOperations();
  const remembered = { held, subjectOf: createSubjects() };
  const retries = options.joinRetries ? null : createRetries(options.clock, options.retry);
  const means = { transport: options.transport, capture: options.capture, retries };
  // as `createClient` normalizes it: the host in lower case, no default port
  const base = new URL(options.url).href.replace(/\/+$/, "");

  const perform = async (read: () => ReadRequest, started: Instant, isRefresh: boolean): Promise<Response> => {
    const request = read();
    const call = beginCall(options, remembered, request, started);
    const elapsed = Math.floor(options.clock.elapsedMs(call.started));
    const limit = new Limit(Math.max(1, call.timeoutMs - elapsed), call.timeoutMs, request.signal);
    const settle = new Settlement(options.clock, options.joinRetries ? held : null, call, limit);
    try {
      const refusal = call.connection.refusal();
      if (refusal !== null) {
        // nothing leaves, so nothing has to wait for the journal
        call.open.written.catch(() => {});
        throw refusal;
      }
      try {
        // a disk may hang; the end of an event-loop's turn comes
        await (call.open.waitsForDisk ? limit.during(call.open.written) : call.open.written);
      } catch (error) {
        throw ledgerRefusal(error);
      }
      // it may have ended since the journal answered, while nobody was there to be told
      if (limit.ended !== undefined) throw limit.reason;
      if (options.cache === undefined) return await send(call, limit, settle);
      return await options.cache.pass({
        call,
        limit,
        settle,
        send: () => send(call, limit, settle),
        refresh: isRefresh ? null : () => refresh(request),
      });
    } catch (error) {
      settle.broken(error);
      throw error;
    }
  };
  const send = (call: Call, limit: Limit, settle: Settlement): Promise<Response> => {
    const turn = call.connection.enter(limit);
    if (turn !== undefined) return turn.then(() => sendNow(call, limit, settle));
    return sendNow(call, limit, settle);
  };
  const sendNow = (call: Call, limit: Limit, settle: Settlement): Promise<Response> => {
    settle.entered();
    if (limit.ended !== undefined) throw limit.reason;
    return answerCall(means, call, limit, settle);
  };
  /** The same read, for nobody who waits for it. */
  const refresh = (request: ReadRequest): Promise<Response> => {
    const headers = new RequestHeaders(request.headers);
    headers.delete("x-request-id");
    return inScopeOfItsOwn(() => perform(() => ({ ...request, headers, signal: null }), options.clock.start(), true));
  };
  const trackedFetch = (input: string | URL | Request, init?: RequestInit): Promise<Response> =>
    perform(() => readRequest(base, input, init), options.clock.start(), false);
  return Object.assign(trackedFetch, { settleHeld: () => held.settleAll(), endWaits: () => retries?.endWaits() });
}

/** What one call leaves for the next. */
interface Remembered {
  readonly held: HeldOperations;
  readonly subjectOf: SubjectOf;
}

function beginCall(
  options: TrackedFetchOptions,
  { held, subjectOf }: Remembered,
  request: ReadRequest,
  started: Instant,
): Call {
  const timeoutMs = takeTimeout(request.headers) ?? options.timeoutMs;
  const kind = classify(request);
  const isNamed = kind.service === "rest" || (kind.service === "rpc" && saidOf(request)?.table === undefined);
  request.headers.delete(OPERATION_HEADER);
  const connection = options.connectionOf(request.headers);
  const captured = options.capture.request({
    kind,
    method: request.method,
    path: isNamed ? null : decodeSegment(request.path),
    search: parseSearch(request.query),
    prefer: request.headers.get("prefer") ?? null,
    body: bodyToCapture(request),
  });
  const subject = currentContext()?.user_id === undefined ? subjectOf(request.headers.get("authorization")) : null;
  const isRetry = options.joinRetries && request.headers.has("x-retry-count");
  const before = isRetry ? held.take(retryKey(connection.clientId, request)) : undefined;
  const { operationId, requestId, open } =
    before ?? newOperation(options, { kind, request, captured, connection, subject, started });
  request.headers.set("x-request-id", requestId);
  noteOperation(operationId);
  return {
    operationId,
    requestId,
    kind,
    request,
    started: before?.started ?? started,
    attempt: before === undefined ? 1 : before.outcome.attempts + 1,
    timeoutMs,
    open,
    captured,
    connection,
    subject,
  };
}

type Begun = Pick<Call, "kind" | "request" | "captured" | "connection" | "subject" | "started">;

function newOperation(
  options: TrackedFetchOptions,
  { kind, request: { headers }, captured, connection, subject, started }: Begun,
): Pick<Call, "operationId" | "requestId" | "open"> {
  const context = currentContext();
  const operationId = options.newOperationId();
  const requestId = context?.request_id ?? callersOwn(headers.get("x-request-id")) ?? operationId;
  const intent = {
    operation_id: operationId,
    client_id: connection.clientId,
    operation_type: kind.operation_type,
    table_name: kind.table_name,
    created_at: started.at,
    user_id: context?.user_id ?? (subject?.proven === true ? subject.id : null),
    request_id: requestId,
    session_id: context?.session_id ?? null,
    model_id: context?.model_id ?? null,
    schema_version: context?.schema_version ?? null,
    query_data: captured.query_data,
  };
  const begun = options.ledger.begin(intent);
  return { operationId, requestId, open: options.watchers?.watch(intent, headers, begun) ?? begun };
}

/** A caller's own request id where it fits an index and a header; else the record would be refused for it. */
function callersOwn(requestId: string | undefined): string | undefined {
  return requestId !== undefined && /^[!-~]{1,200}$/.test(requestId) ? requestId : undefined;
}

function bodyToCapture({ body }: ReadRequest): string | number | null {
  if (body.kind === "text") return body.text;
  return body.kind === "bytes" ? body.bytes.byteLength : null;
}
