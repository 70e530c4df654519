import type { Settlement } from "./settlement.ts";
import { withUrl } from "../transport/light-response.ts";

/** An event stream has no deadline: one that nobody holds any more would keep its socket for good. */
const dropped = new FinalizationRegistry((end: () => void) => end());

/** Passes a body on as it comes, and settles the operation at its last byte, at its failure, or when its reader leaves. */
export function streamAnswer(
  response: Response,
  settle: Pick<Settlement, "failed" | "broken">,
  finished: (bytes: number) => void,
): Response {
  if (response.body === null) {
    finished(0);
    return response;
  }
  let bytes = 0;
  const reader = response.body.getReader();
  // who never reads on would never find out that it broke off
  reader.closed.catch((error: unknown) => settle.broken(error));
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            finished(bytes);
            controller.close();
          } else {
            bytes += value.byteLength;
            controller.enqueue(value);
          }
        } catch (error) {
          controller.error(error);
        }
      },
      async cancel(reason) {
        settle.failed(`Cancelled by the caller after ${bytes} bytes.`);
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  dropped.register(body, () => {
    settle.failed(`Dropped by the caller after ${bytes} bytes.`);
    void reader.cancel().catch(() => {});
  });
  const { status, statusText, headers } = response;
  return withUrl(new Response(body, { status, statusText, headers }), response.url);
}
