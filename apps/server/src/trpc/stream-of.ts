import { z } from "zod";

/** What a subscription answers with: each value is held against its schema on its way out, as the answer of a query is. */
export function streamOf<Schema extends z.ZodType>(yielded: Schema) {
  return z
    .custom<AsyncIterable<z.input<Schema>>>(isAsyncIterable)
    .transform(async function* (values) {
      for await (const value of values) yield yielded.parse(value);
    })
    .meta({ yields: yielded });
}

function isAsyncIterable(value: unknown): boolean {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
