import type { SeenRequest } from "../counting-proxy/seen-request.ts";

/** What is compared of a row of `database_operations`. */
export interface RecordedOperation {
  readonly operation_id: string;
  readonly operation_type: string;
  readonly table_name: string;
  readonly status: string;
  readonly user_id: string | null;
  readonly request_id: string | null;
  readonly error_message: string | null;
}

export interface CompareOptions {
  /**
   * Who made the call with this request id, as the scenario knows it. A request under a key alone does not tell its user,
   * but may be made on the caller's behalf: then its record names the caller, or nobody.
   */
  readonly callerOf?: (requestId: string) => string | undefined;
  /** Request ids that were under way, or answered in the last moment, when the process died: their outcomes may be lost. */
  readonly interrupted?: ReadonlySet<string>;
}

/**
 * Compares what arrived at Supabase with what Waybill recorded. Nothing on the wire carries an operation's id, so the
 * two are paired within one request id, type and table. Every pair must agree on status and user, and nobody may stay
 * alone.
 *
 * @returns one sentence for each difference; empty means: every request has its record, once
 */
export function compare(
  seen: readonly SeenRequest[],
  records: readonly RecordedOperation[],
  { callerOf = () => undefined, interrupted = new Set() }: CompareOptions = {},
): string[] {
  const isUser = (request: SeenRequest, { user_id }: RecordedOperation): boolean =>
    user_id === request.userId ||
    (request.userId === null && request.requestId !== null && user_id === callerOf(request.requestId));
  const free = Map.groupBy(records, (record) => key(record.request_id, record.operation_type, record.table_name));
  const differences: string[] = [];
  // who can match only one way goes first, so that a lenient one does not take its record
  const strictFirst = seen.toSorted((a, b) => Number(a.status === "unanswered") - Number(b.status === "unanswered"));
  for (const request of strictFirst) {
    const candidates = free.get(key(request.requestId, request.type, request.table)) ?? [];
    const ofUser = candidates.filter((record) => isUser(request, record));
    const outcomeMayBeLost = request.requestId !== null && interrupted.has(request.requestId);
    const found =
      // a known outcome first: an unknown one fits every request of the group
      ofUser.find((record) => isStatus(request, record)) ??
      (outcomeMayBeLost ? ofUser.find(isOutcomeUnknown) : undefined);
    if (found) candidates.splice(candidates.indexOf(found), 1);
    else differences.push(missing(request, candidates));
  }
  for (const record of [...free.values()].flat()) {
    // written ahead, and the process died before the request left: an intent is owed its record too
    const neverSent = record.request_id !== null && interrupted.has(record.request_id) && isOutcomeUnknown(record);
    if (!neverSent) differences.push(`a record without a request: ${describe(record)}`);
  }
  return differences;
}

function key(requestId: string | null, type: string, table: string): string {
  return JSON.stringify([requestId, type, table]);
}

function isStatus(request: SeenRequest, record: RecordedOperation): boolean {
  if (isOutcomeUnknown(record)) return false;
  return request.status === "unanswered"
    ? ["error", "timeout"].includes(record.status)
    : record.status === request.status;
}

/** How recovery settles an operation whose outcome died with the process. */
function isOutcomeUnknown({ status, error_message }: RecordedOperation): boolean {
  return status === "error" && error_message?.startsWith("OUTCOME_UNKNOWN") === true;
}

function missing(request: SeenRequest, candidates: readonly RecordedOperation[]): string {
  const arrived = `${request.method} ${request.path} (${request.type} ${request.table}, ${request.status}, ${who(request.userId)}, request ${request.requestId})`;
  if (candidates.length === 0) return `no record of ${arrived}`;
  return `no record agrees with ${arrived}; there is ${candidates.map(describe).join("; ")}`;
}

function describe(record: RecordedOperation): string {
  const status =
    record.error_message === null ? record.status : `${record.status} (${record.error_message.slice(0, 60)})`;
  return `${record.operation_type} ${record.table_name}, ${status}, ${who(record.user_id)}, request ${record.request_id}, operation ${record.operation_id}`;
}

function who(userId: string | null): string {
  return userId === null ? "no user" : `user ${userId}`;
}
