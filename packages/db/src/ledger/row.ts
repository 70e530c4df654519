import { jsonString } from "../json-string.ts";
import type { JsonText, OperationIntent, OperationOutcome } from "./ledger-types.ts";

/**
 * Rows are text made by concatenation, the bodies embedded as they came: nothing is parsed or stringified again, which
 * is an eighth of the cost. The bodies stand last, so that they can be cut off a row that the database refuses.
 */
const QUERY = ',"query_data":';
const NOBODY = ',"user_id":null,';
const RESPONSE = ',"response_data":';

/** In characters. The client captures 16 KiB a side; this only bounds what a journal line can grow to. */
const BODY_LIMIT = 128 * 1024;
const TEXT_LIMIT = 8 * 1024;

const NUL_ESCAPE = /(?<!\\)(?:\\\\)*\\u0000/;

/** Everything of an operation that never changes, as the beginning of a JSON object. */
export function headOf(intent: OperationIntent): string {
  return (
    `{"operation_id":"${intent.operation_id}","client_id":${quote(intent.client_id)}` +
    `,"operation_type":"${intent.operation_type}","table_name":${quote(intent.table_name)}` +
    `,"created_at":"${intent.created_at}","user_id":${quote(intent.user_id)}` +
    `,"request_id":${quote(intent.request_id)},"session_id":${quote(intent.session_id)}` +
    `,"model_id":${quote(intent.model_id)},"schema_version":${quote(intent.schema_version)}`
  );
}

/**
 * In parts, here and below: the head stands in both records of an operation and is made of many pieces, which are joined
 * only once when it is written by itself; a body is long.
 */
export function intentParts(head: string, query: JsonText): [string, string] {
  return [head, `${QUERY}${query}}`];
}

/** The row of an operation that is still open (data-model.md §2, Initiated). */
export function pendingRow(head: string, query: JsonText): string {
  return `${head},"status":"pending","attempts":0${QUERY}${query}}`;
}

export function outcomeRow(head: string, query: JsonText, outcome: OperationOutcome): string {
  return outcomeParts(head, query, outcome).join("");
}

export function outcomeParts(
  head: string,
  query: JsonText,
  outcome: OperationOutcome,
): [string, string, JsonText, string] {
  const { user_id } = outcome;
  // No string holds this text: in it a quote would have its backslash.
  const named = user_id === undefined ? head : head.replace(NOBODY, () => `,"user_id":${quote(user_id)},`);
  const middle =
    `,"status":"${outcome.status}","completed_at":"${outcome.completed_at}"` +
    `,"execution_time_ms":${outcome.execution_time_ms},"attempts":${outcome.attempts}` +
    `,"error_message":${quote(outcome.error_message)}${QUERY}${query}${RESPONSE}`;
  return [named, middle, admitBody(outcome.response_data), "}"];
}

/** Makes a body fit for a journal line and for jsonb, or says in its place why it is missing. */
export function admitBody(body: JsonText | null): JsonText {
  if (body === null) return "null";
  if (body.length > BODY_LIMIT) return dropped("The body is larger than a record may be.", body.length);
  if (body.includes("\\u0000") && NUL_ESCAPE.test(body)) {
    return dropped("The body holds a NUL character, which PostgreSQL cannot store.", body.length);
  }
  // Outside a string a newline is mere white space, and inside one JSON allows none.
  if (body.includes("\n") || body.includes("\r")) return body.replaceAll(/[\r\n]/g, " ");
  return body;
}

/** What stands in a record where a body was left out. */
export function dropped(reason: string, characters: number): JsonText {
  return `{"dropped":${JSON.stringify(reason)},"characters":${characters}}`;
}

/**
 * The head and the query of an intent. The marker begins with `,"`, and within a JSON string a quote never stands
 * without its backslash: the first one found is the real one, for only names and scalars stand before it.
 */
export function splitIntent(intent: string): { head: string; query: JsonText } | undefined {
  const query = intent.indexOf(QUERY);
  if (query === -1 || !intent.endsWith("}")) return undefined;
  return { head: intent.slice(0, query), query: intent.slice(query + QUERY.length, -1) };
}

/**
 * Ways to save a row that the database refuses, the one that loses least first: without the response, without the query,
 * without both. Bodies that are not JSON can only go together.
 */
export function withoutBodies(row: string, reason: string): string[] {
  const cut = row.indexOf(QUERY);
  if (cut === -1) return [];
  const note = dropped(reason, row.length - cut);
  const bare = `${row.slice(0, cut)}${QUERY}${note}${RESPONSE}${note}}`;
  const parsed = parseObject(row);
  if (parsed === undefined) return [bare];
  const query = parsed["query_data"] ?? null;
  const response = parsed["response_data"] ?? null;
  const noted: unknown = JSON.parse(note);
  const ways = [];
  if (response !== null) ways.push({ ...parsed, response_data: noted });
  if (query !== null) ways.push({ ...parsed, query_data: noted });
  if (response !== null && query !== null) ways.push({ ...parsed, query_data: noted, response_data: noted });
  return ways.map((way) => JSON.stringify(way));
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function quote(text: string | null): string {
  if (text === null) return "null";
  return jsonString(text.length < TEXT_LIMIT ? text : text.slice(0, TEXT_LIMIT));
}

const ID_START = '{"operation_id":"'.length;
const CLIENT_START = ID_START + 36 + '","client_id":'.length;
const AFTER_CLIENT = ',"operation_type":';

/** The identifier of a row or intent, whose place is fixed. */
export function operationIdOf(payload: Buffer): string {
  return payload.toString("latin1", ID_START, ID_START + 36);
}

/** The client of a row or intent as JSON text. */
export function clientTextOf(payload: Buffer): string {
  return payload.toString("utf8", CLIENT_START, payload.indexOf(AFTER_CLIENT, CLIENT_START));
}

/** The same row under another client. */
export function withClient(payload: Buffer, clientId: string): Buffer {
  return Buffer.concat([
    payload.subarray(0, CLIENT_START),
    Buffer.from(JSON.stringify(clientId)),
    payload.subarray(payload.indexOf(AFTER_CLIENT, CLIENT_START)),
  ]);
}
