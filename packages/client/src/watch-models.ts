import type { ModelNotice } from "@waybill/contracts";
import type { WaybillClient } from "./create-client.ts";
import { waybillErrorOf } from "./waybill-error.ts";
import { SubscriptionsMissingError } from "./without-subscriptions.ts";

export interface WatchOptions {
  /** Ends the watch. */
  readonly signal?: AbortSignal;
  /** Why nothing can be heard at this moment; it is tried again. */
  readonly onTrouble?: (error: unknown) => void;
  /** The longest pause before another try; the first ones are shorter. Milliseconds. */
  readonly pauseMs?: number;
}

/**
 * Tells each of these models (50 at most) as it is in force, and again whenever it changes, by one stream for all of them:
 * `model` is null where there is none of this name, or it is deprecated. It outlives restarts of the server and refreshes
 * of the session.
 *
 * Resolves when `signal` is aborted. Rejects with a TRPCClientError when the server refuses it for good: `SESSION_OVER`,
 * `UNAUTHENTICATED`, `VALIDATION_FAILED`, …
 *
 * @param client made with the option `subscriptions`
 * @example
 * const form = new AbortController();
 * const watching = watchModels(waybill, ["books"], ({ model }) => use(model), { signal: form.signal });
 */
export async function watchModels(
  client: Pick<WaybillClient, "models">,
  names: readonly string[],
  tell: (notice: ModelNotice) => void,
  { signal = new AbortController().signal, onTrouble = () => {}, pauseMs = 30_000 }: WatchOptions = {},
): Promise<void> {
  const told = new Map<string, string>();
  let failures = 0;
  const once = (): Promise<Ended> => {
    let isServed = false;
    let subscription: { unsubscribe(): void } | undefined;
    return new Promise((resolve) => {
      const leave = (): void => subscription?.unsubscribe();
      signal.addEventListener("abort", leave, { once: true });
      const end = (error?: unknown): void => {
        signal.removeEventListener("abort", leave);
        resolve({ error, isServed });
      };
      subscription = client.models.watch.subscribe(
        { models: [...names] },
        {
          onData(notice) {
            isServed = true;
            failures = 0;
            const text = JSON.stringify(notice.model && { ...notice.model, updated_at: "" });
            // a stream that was taken up again begins anew
            if (signal.aborted || told.get(notice.model_name) === text) return;
            told.set(notice.model_name, text);
            tell(notice);
          },
          onConnectionStateChange: ({ error }) => {
            if (error && !signal.aborted) onTrouble(error);
          },
          onError: end,
          onComplete: () => end(),
        },
      );
    });
  };
  while (!signal.aborted) {
    const { error, isServed } = await once();
    if (signal.aborted) return;
    if (isFinal(error, isServed)) throw error;
    if (error !== undefined) onTrouble(error);
    await pause(Math.random() * Math.min(pauseMs, 500 * 2 ** Math.min(failures, 10)), signal);
    failures += 1;
  }
}

interface Ended {
  readonly error: unknown;
  /** Whether anything was told before. */
  readonly isServed: boolean;
}

/** A session that expired during the watch is refreshed by asking again; what is no word of the server's may pass. */
function isFinal(error: unknown, isServed: boolean): boolean {
  if (error instanceof Error && error.cause instanceof SubscriptionsMissingError) return true;
  const code = waybillErrorOf(error)?.code;
  return code !== undefined && code !== "RATE_LIMITED" && !(code === "SESSION_EXPIRED" && isServed);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}
