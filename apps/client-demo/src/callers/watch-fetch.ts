/** The fetch of a caller, and which of its requests are still owed an answer. */
export interface WatchedFetch {
  readonly fetch: typeof fetch;
  /** Request ids (`x-request-id`) whose answer did not arrive to its end. */
  readonly unanswered: () => ReadonlySet<string>;
}

/** Notes each request id when it is sent, and drops it at the last byte of its answer, streamed or not. */
export function watchFetch(inner: typeof fetch = fetch): WatchedFetch {
  const open = new Set<string>();
  return {
    async fetch(input, init) {
      const id = new Headers(init?.headers).get("x-request-id");
      if (id === null) return inner(input, init);
      open.add(id);
      const response = await inner(input, init);
      const end = new TransformStream<Uint8Array, Uint8Array>({ flush: () => void open.delete(id) });
      return new Response(response.body?.pipeThrough(end) ?? null, response);
    },
    unanswered: () => open,
  };
}
