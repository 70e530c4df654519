import type { Capture } from "../capture/capture.ts";
import { REDACTED } from "../capture/redaction.ts";
import { scrub } from "../capture/scrub.ts";
import type { Answer } from "../transport/light-response.ts";
import { decode, LightResponse, platformResponse } from "../transport/light-response.ts";
import type { Limit } from "../transport/limit.ts";
import type { Transport } from "../transport/transport.ts";
import { isBrokenJson } from "./broken-json.ts";
import type { Call } from "./call.ts";
import { httpErrorMessage, isOutage, readErrorBody } from "./failure.ts";
import { retryExpectedIn } from "./held-operations.ts";
import { type Reply, sendOnce } from "./reply.ts";
import type { Retries } from "./retries.ts";
import type { Settlement } from "./settlement.ts";
import { streamAnswer } from "./stream-answer.ts";
import { provesToken } from "./subject.ts";

/** What answering needs besides the call itself. */
interface Means {
  readonly transport: Transport;
  readonly capture: Capture;
  /** Null where the client above retries by itself. */
  readonly retries: Retries | null;
}

/** Sends the request, again where that is due, and settles the operation by the reply that counts. */
export async function answerCall(means: Means, call: Call, limit: Limit, settle: Settlement): Promise<Response> {
  const { kind, request } = call;
  const { transport, retries } = means;
  const send = (): Promise<Reply> => {
    settle.leaving();
    return sendOnce(transport, call, limit);
  };
  const first = await send();
  const isFinal = retries === null || !retries.isDue(first, call, limit);
  const reply = isFinal ? first : await retries.after(first, call, limit, send);
  if (reply.kind === "broken") throw reply.error;
  if (reply.kind === "stream") {
    const { response } = reply;
    return streamAnswer(response, settle, (bytes) => settleStream(call, response, bytes, settle));
  }
  const { answer } = reply;
  const text = decode(answer.body);
  settleWhole(means.capture, call, answer, text, settle);
  const isLight = (kind.service === "rest" || kind.service === "rpc") && request.body.kind !== "stream";
  return isLight ? new LightResponse(answer, request.url, text) : platformResponse(answer, request.url);
}

const NO_JSON = "Supabase's answer says that it is JSON, and is none: it was cut short or spoiled on its way.";

/** An answer read to its last byte. */
function settleWhole(capture: Capture, call: Call, answer: Answer, text: string, settle: Settlement): void {
  const { status, statusText, headers } = answer;
  const data = responseData(capture, call, answer, text);
  if ((status >= 200 && status < 300) || status === 304) {
    if (isBrokenJson(call.kind, headers["content-type"], text, data)) return settle.failed(NO_JSON, data);
    noteProof(call, status, null);
    call.connection.observe({ type: "succeeded" });
    return settle.succeeded(data);
  }
  const body = call.kind.service === "functions" ? { code: null, message: null } : readErrorBody(text);
  noteProof(call, status, body.code);
  const { rules } = call.captured;
  const said = body.message === null ? null : rules.hidden ? REDACTED : scrub(body.message, rules);
  const message = httpErrorMessage(status, statusText, { ...body, message: said });
  if (isOutage(status, body, call.kind.service)) call.connection.observe({ type: "failed", message });
  settle.failed(message, data, retryExpectedIn(call, status, headers["retry-after"] ?? null));
}

/** A body that passed by: its length is all that is known of it. */
function settleStream(call: Call, response: Response, bytes: number, settle: Settlement): void {
  noteProof(call, response.status, null);
  call.connection.observe({ type: "succeeded" });
  settle.succeeded(`{"status":${response.status},"bytes":${bytes}}`);
}

function noteProof(call: Call, status: number, code: string | null): void {
  if (call.subject !== null) call.subject.proven ||= provesToken(call, status, code);
}

function responseData(capture: Capture, call: Call, { status, headers, body }: Answer, text: string): string {
  const range = headers["content-range"];
  if (body.length > 0) return capture.response(call.kind, text, body.length, range, call.captured.rules);
  return range === undefined ? `{"status":${status}}` : `{"status":${status},"content_range":${JSON.stringify(range)}}`;
}
