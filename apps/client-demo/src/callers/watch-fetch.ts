/** The fetch of a caller, and which of its requests are still owed an answer. */
export interface WatchedFetch {
  readonly fetch: typeof fetch;
  /** Request ids (`x-request-id`) whose answer did not arrive whole. */
  readonly unanswered: () => ReadonlySet<string>;
  /** The request ids that were answered last, at most 20, newest at the end. */
  readonly lastAnswered: () => readonly string[];
}

const remembered = 20;

/** Notes each request id when it is sent, and drops it when its answer is there, streamed or not. */
export function watchFetch(inner: typeof fetch = fetch): WatchedFetch {
  const open = new Set<string>();
  const answered: string[] = [];
  return {
    async fetch(input, init) {
      const id = new Headers(init?.headers).get("x-request-id");
      if (id === null) return inner(input, init);
      open.add(id);
      const response = await inner(input, init);
      const body =
        response.body &&
        watchBody(response.body, () => {
          open.delete(id);
          answered.push(id);
          if (answered.length > remembered) answered.shift();
        });
      return new Response(body, response);
    },
    unanswered: () => open,
    lastAnswered: () => answered,
  };
}

/** The same bytes; `onAnswered` is called at the last one, or when the reader has had enough. */
function watchBody(body: ReadableStream<Uint8Array>, onAnswered: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        onAnswered();
        return controller.close();
      } catch (error) {
        // tRPC aborts a stream as soon as each of its calls has an answer, before the stream's own end
        if (error instanceof Error && error.name === "AbortError") onAnswered();
        return controller.error(error);
      }
    },
    async cancel(reason) {
      onAnswered();
      await reader.cancel(reason);
    },
  });
}
