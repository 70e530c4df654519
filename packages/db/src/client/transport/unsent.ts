import type { Dispatcher } from "undici";

type Handler = Dispatcher.DispatchHandler;

/** The failures after which it is certain that no byte of the request was sent. */
const unsent = new WeakSet<Error>();

/**
 * Whether a request never left: no connection was made for it, whatever the reason (refused, DNS, TLS). Told from what
 * happened, not from the error's code: most codes can also end a connection that had been in use.
 */
export function isUnsent(error: unknown): boolean {
  let at = error;
  for (let depth = 0; depth < 4 && at instanceof Error; depth += 1) {
    if (unsent.has(at)) return true;
    at = at.cause;
  }
  return false;
}

/** undici gives all who wait for a connection that fails one and the same error, and nobody else. */
export function noteUnsent(error: Error): void {
  unsent.add(error);
}

/** Passes everything on, and notes a failure of a request that had not been started. */
export class UnsentNoting implements Dispatcher.DispatchHandler {
  readonly #handler: Handler;
  #started = false;

  constructor(handler: Handler) {
    this.#handler = handler;
  }

  onRequestStart(...given: Parameters<NonNullable<Handler["onRequestStart"]>>): void {
    this.#started = true;
    this.#handler.onRequestStart?.(...given);
  }
  onRequestUpgrade(...given: Parameters<NonNullable<Handler["onRequestUpgrade"]>>): void {
    this.#handler.onRequestUpgrade?.(...given);
  }
  onResponseStart(...given: Parameters<NonNullable<Handler["onResponseStart"]>>): void {
    this.#handler.onResponseStart?.(...given);
  }
  onResponseData(...given: Parameters<NonNullable<Handler["onResponseData"]>>): void {
    this.#handler.onResponseData?.(...given);
  }
  onResponseEnd(...given: Parameters<NonNullable<Handler["onResponseEnd"]>>): void {
    this.#handler.onResponseEnd?.(...given);
  }
  onResponseError(...given: Parameters<NonNullable<Handler["onResponseError"]>>): void {
    if (!this.#started) noteUnsent(given[1]);
    this.#handler.onResponseError?.(...given);
  }
}
