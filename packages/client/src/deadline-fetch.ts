/** The part of `fetch` that the client needs, so that a test or an old browser can bring its own. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** As tRPC's links call it: an absent signal may be spelled `undefined`. */
interface LinkRequestInit extends Omit<RequestInit, "signal"> {
  signal?: AbortSignal | null | undefined;
}

/**
 * A fetch that gives up after `timeoutMs`, the body included: the caller's own signal still works beside it.
 * It rejects with a `TimeoutError`.
 */
export function withDeadline(fetch: Fetch, timeoutMs: number) {
  return (input: string | URL | Request, init?: LinkRequestInit): Promise<Response> => {
    const deadline = AbortSignal.timeout(timeoutMs);
    const signal = init?.signal ? AbortSignal.any([init.signal, deadline]) : deadline;
    return fetch(input, { ...init, signal });
  };
}
