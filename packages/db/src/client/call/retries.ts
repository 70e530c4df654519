import { DelegateBackoff, handleWhenResult, type IRetryBackoffContext, retry } from "cockatiel";
import { type Backoff, jittered } from "../../backoff.ts";
import type { Clock } from "../../ledger/clock.ts";
import type { Limit } from "../transport/limit.ts";
import { isUnsent } from "../transport/unsent.ts";
import type { Call } from "./call.ts";
import { connectionFault, type Reply } from "./reply.ts";
import { retryAfterMs } from "./retry-after.ts";

export interface RetryOptions {
  /** Attempts besides the first (default 3). */
  readonly most?: number;
  /** Between attempts, with full jitter; a `Retry-After` goes before it (default 0.1 s, doubling to 5 s). */
  readonly backoff?: Backoff;
}

/** Sends anew what failed by the connection's own fault, where that cannot do a thing twice. */
export interface Retries {
  /** Whether the first reply is to be followed by another; next to nothing for one that is fine. */
  isDue(first: Reply, call: Call, limit: Limit): boolean;
  /** The reply that counts in the end. `send` never rejects. */
  after(first: Reply, call: Call, limit: Limit, send: () => Promise<Reply>): Promise<Reply>;
  /** Nobody waits any longer: what waits for its next attempt gets the reply that it has. */
  endWaits(): void;
}

/** What one attempt led to, and when the next is due; null for never. */
class Attempt {
  readonly reply: Reply;
  readonly retryInMs: number | null;

  constructor(reply: Reply, retryInMs: number | null) {
    this.reply = reply;
    this.retryInMs = retryInMs;
  }
}

const BACKOFF: Backoff = { firstMs: 100, limitMs: 5000 };

export function createRetries(clock: Clock, { most = 3, backoff = BACKOFF }: RetryOptions = {}): Retries {
  const waits = new Set<() => void>();
  // One policy for all calls, and none of it runs before a call has failed. Its timers keep no process alive: limits do.
  const policy = retry(
    handleWhenResult((made) => made instanceof Attempt && made.retryInMs !== null),
    { maxAttempts: most, backoff: new DelegateBackoff(pauseOf) },
  ).dangerouslyUnref();

  /** When a reply is to be followed by another attempt; null where it stands. */
  const retryIn = (reply: Reply, call: Call, limit: Limit, retries: number): number | null => {
    if (retries >= most || limit.ended !== undefined || !mayRepeat(reply, call)) return null;
    const asked = reply.kind === "whole" ? retryAfterMs(reply.answer.headers["retry-after"]) : null;
    const pause = asked ?? jittered(backoff, retries);
    // what cannot begin in time would only keep the answer from its caller
    return pause < call.timeoutMs - clock.elapsedMs(call.started) ? pause : null;
  };

  return {
    isDue: (first, call, limit) => hasFailed(first) && retryIn(first, call, limit, 0) !== null,
    async after(first, call, limit, send) {
      let last = new Attempt(first, retryIn(first, call, limit, 0));
      const ended = Promise.withResolvers<Reply>();
      const end = (): void => ended.resolve(last.reply);
      const next = async (number: number): Promise<Attempt> => {
        if (number > 0) {
          // its caller has an answer already, or the client went out of use meanwhile: nothing more is sent
          if (!waits.has(end) || call.connection.refusal() !== null) return new Attempt(last.reply, null);
          const reply = await send();
          last = new Attempt(reply, retryIn(reply, call, limit, number));
        }
        if (last.retryInMs !== null) {
          const message = connectionFault(last.reply, call);
          if (message !== null) call.connection.observe({ type: "failed", message });
          // nothing is under way that would hear of the end by itself
          limit.onEnd = (error) => ended.resolve({ kind: "broken", error });
        }
        return last;
      };
      waits.add(end);
      try {
        const made = policy.execute(({ attempt }) => next(attempt));
        return await Promise.race([made.then(({ reply }) => reply), ended.promise]);
      } finally {
        waits.delete(end);
      }
    },
    endWaits() {
      for (const end of waits) end();
    },
  };
}

function pauseOf({ result }: IRetryBackoffContext<unknown>): number {
  return "value" in result && result.value instanceof Attempt ? (result.value.retryInMs ?? 0) : 0;
}

function hasFailed(reply: Reply): boolean {
  return reply.kind === "broken" || (reply.kind === "whole" && reply.answer.status >= 500);
}

/** The connection's own failure, and a request that may be sent twice, or was not sent at all. */
function mayRepeat(reply: Reply, call: Call): boolean {
  if (!hasFailed(reply) || connectionFault(reply, call) === null || !canSendAgain(call)) return false;
  return isRepeatable(call) || (reply.kind === "broken" && isUnsent(reply.error));
}

/** A read, or a write that its caller vouches for. What a function does with a GET is its author's affair. */
function isRepeatable({ kind, request: { method, headers } }: Call): boolean {
  if (headers.has("idempotency-key")) return true;
  return kind.operation_type === "read" && kind.service !== "functions" && (method === "GET" || method === "HEAD");
}

/** A stream is gone once it was begun to be read. */
function canSendAgain({ request: { body, init } }: Call): boolean {
  return body.kind !== "stream" || init.body instanceof Blob || init.body instanceof FormData;
}
