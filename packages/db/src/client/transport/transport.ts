import type { LookupFunction } from "node:net";
import { Dispatcher, Dispatcher1Wrapper, Pool } from "undici";
import { transportBusy } from "../errors.ts";
import { exchangeWhole, type OutgoingRequest } from "./exchange.ts";
import type { Answer } from "./light-response.ts";
import type { Limit } from "./limit.ts";
import { UnsentNoting } from "./unsent.ts";

export interface TransportOptions {
  /** The project's URL. */
  readonly url: string;
  /** PEM text of a certificate authority to trust besides none other: the local stack's own. */
  readonly ca?: string | undefined;
  /** Sockets kept to Supabase (default 64). */
  readonly connections?: number | undefined;
  /** Requests under way or waiting for a socket (default 10,000); one more is refused with TRANSPORT_BUSY. */
  readonly maxPending?: number | undefined;
  /** Bytes of an answer that is gathered in memory (default 64 MiB); a longer one is refused with RESPONSE_TOO_LARGE. */
  readonly maxResponseBytes?: number | undefined;
  /** Finds the addresses of a host; the system's where none is given. */
  readonly lookup?: LookupFunction | undefined;
  readonly connectTimeoutMs?: number | undefined;
}

/** The way to one Supabase project: our own sockets, kept alive and bounded. */
export interface Transport {
  readonly maxResponseBytes: number;
  /** Sends and reads to the last byte; for answers that fit in memory. */
  exchange(request: OutgoingRequest, limit: Limit): Promise<Answer>;
  /** The platform's fetch over the same sockets, for bodies that stream. */
  fetch(url: string | URL, init: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

/** Opens no connection before the first request, and none but to the project's origin. */
export function openTransport(options: TransportOptions): Transport {
  const { origin } = new URL(options.url);
  const pool = new Pool(origin, {
    connections: options.connections ?? 64,
    pipelining: 1,
    // each operation has its own deadline, over all of these
    headersTimeout: 0,
    bodyTimeout: 0,
    connectTimeout: options.connectTimeoutMs ?? 10_000,
    allowH2: false,
    connect: {
      ...(options.ca === undefined ? {} : { ca: options.ca }),
      ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
    },
  });
  const dispatcher = new Dispatcher1Wrapper(new WithinOrigin(origin, pool));
  const maxPending = options.maxPending ?? 10_000;
  const maxBytes = options.maxResponseBytes ?? 64 * 1024 * 1024;
  let pending = 0;

  return {
    maxResponseBytes: maxBytes,
    exchange(request, limit) {
      if (pending >= maxPending) return Promise.reject(transportBusy(maxPending));
      pending += 1;
      return exchangeWhole(pool, request, limit, maxBytes, () => {
        pending -= 1;
      });
    },
    async fetch(url, init) {
      if (pending >= maxPending) throw transportBusy(maxPending);
      pending += 1;
      try {
        return await fetch(url, Object.assign({}, init, { dispatcher }));
      } finally {
        pending -= 1;
      }
    },
    close: () => pool.destroy(),
  };
}

/**
 * Our sockets, for the project alone: the platform's fetch sends `apikey` along where a redirect leads to another origin,
 * and connects to a literal address without asking `lookup`.
 */
class WithinOrigin extends Dispatcher {
  readonly #origin: string;
  readonly #pool: Dispatcher;

  constructor(origin: string, pool: Dispatcher) {
    super();
    this.#origin = origin;
    this.#pool = pool;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (String(options.origin).replace(/\/$/, "") === this.#origin) {
      return this.#pool.dispatch(options, new UnsentNoting(handler));
    }
    throw new TypeError(`A redirect away from ${this.#origin} is not followed.`);
  }
}
