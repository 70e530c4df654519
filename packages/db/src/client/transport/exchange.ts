import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher, Pool } from "undici";
import { responseTooLarge } from "../errors.ts";
import { codingOf, decompress } from "./decompress.ts";
import type { Answer } from "./light-response.ts";
import type { Limit } from "./limit.ts";
import { noteUnsent } from "./unsent.ts";

type Controller = Dispatcher.DispatchController;

export interface OutgoingRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Name, value, name, value… */
  readonly headers: string[];
  readonly body: string | Uint8Array | null;
}

/**
 * Sends a request and reads the answer to its last byte, decompressed. Ends at the limit, or where the answer is longer
 * than `maxBytes`.
 *
 * @param ended called once, when the answer is whole or given up
 */
export function exchangeWhole(
  pool: Pool,
  { path, method, headers, body }: OutgoingRequest,
  limit: Limit,
  maxBytes: number,
  ended: () => void,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const exchange = new Exchange({ resolve, reject, limit, maxBytes, ended });
    if (limit.ended !== undefined) return exchange.giveUp(limit.reason);
    limit.onEnd = (reason) => exchange.giveUp(reason);
    pool.dispatch({ path, method, headers, body }, exchange);
  });
}

interface ExchangeOptions {
  readonly resolve: (answer: Answer | Promise<Answer>) => void;
  readonly reject: (error: unknown) => void;
  readonly limit: Limit;
  readonly maxBytes: number;
  readonly ended: () => void;
}

/** One request on its way, as undici tells of it. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  #controller: Controller | undefined;
  #isOver = false;
  #status = 0;
  #statusText = "";
  #headers: IncomingHttpHeaders = {};
  #bytes = 0;
  readonly #chunks: Buffer[] = [];

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** The caller is told at once, though undici may still be connecting; what comes later is ignored. */
  giveUp(reason: unknown): void {
    this.#reject(reason);
    this.#controller?.abort(reason instanceof Error ? reason : new Error("The caller gave up.", { cause: reason }));
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    const { limit } = this.#options;
    if (limit.ended !== undefined) this.giveUp(limit.reason);
  }

  onResponseStart(_controller: Controller, status: number, headers: IncomingHttpHeaders, statusText?: string): void {
    this.#status = status;
    this.#statusText = statusText ?? "";
    this.#headers = headers;
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    const { maxBytes } = this.#options;
    this.#bytes += chunk.length;
    if (this.#bytes > maxBytes) this.giveUp(responseTooLarge(maxBytes));
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [only = Buffer.alloc(0)] = this.#chunks;
    const body = this.#chunks.length < 2 ? only : Buffer.concat(this.#chunks, this.#bytes);
    const answer = { status: this.#status, statusText: this.#statusText, headers: this.#headers, body };
    const coding = codingOf(answer);
    const { resolve, maxBytes } = this.#options;
    if (this.#end()) resolve(coding === undefined ? answer : decompress(answer, coding, maxBytes));
  }

  onResponseError(_controller: Controller, error: Error): void {
    if (this.#controller === undefined) noteUnsent(error);
    this.#reject(new TypeError("fetch failed", { cause: error }));
  }

  #reject(error: unknown): void {
    if (this.#end()) this.#options.reject(error);
  }

  /** Whether it was under way until now. */
  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#options.ended();
    return true;
  }
}
