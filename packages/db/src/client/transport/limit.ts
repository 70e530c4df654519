import { operationTimeout } from "../errors.ts";

/**
 * The one deadline of an operation, from the call to the last byte, joined with the caller's own AbortSignal.
 * Lighter than an AbortController of its own for every call: one timer, one slot for who is to be told.
 */
export class Limit {
  reason: unknown = undefined;
  ended: "timeout" | "cancelled" | undefined = undefined;
  /** Told once, when the limit ends the call. */
  onEnd: ((reason: unknown) => void) | undefined = undefined;

  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal | null;
  readonly #cancel: () => void;

  constructor(timeoutMs: number, totalMs: number, signal: AbortSignal | null) {
    this.#signal = signal;
    this.#timer = setTimeout(() => this.#end("timeout", operationTimeout(totalMs)), timeoutMs);
    this.#cancel = () => this.#end("cancelled", signal?.reason);
    if (signal?.aborted === true) this.#cancel();
    else signal?.addEventListener("abort", this.#cancel, { once: true });
  }

  /** Waits for `work`, but not beyond the limit. */
  async during<T>(work: Promise<T>): Promise<T> {
    if (this.ended !== undefined) {
      work.catch(() => {});
      throw this.reason;
    }
    return await new Promise<T>((resolve, reject) => {
      this.onEnd = reject;
      work.then(resolve, reject);
    });
  }

  /** The work has no expected end any more; the caller's own signal still ends it. */
  lift(): void {
    clearTimeout(this.#timer);
  }

  release(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#cancel);
    this.onEnd = undefined;
  }

  #end(ended: "timeout" | "cancelled", reason: unknown): void {
    if (this.ended !== undefined) return;
    this.ended = ended;
    this.reason = reason;
    const told = this.onEnd;
    this.release();
    told?.(reason);
  }
}
