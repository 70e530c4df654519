import { z } from "zod";
import { operationTypeSchema } from "./database-operation.ts";
import { compareTimestamps, identifierSchema, timestampSchema, uuidSchema } from "./primitives.ts";

/** Most records that one question looks at, the newest of its range. */
export const slowRecordLimit = 100_000;

/** Which kinds of operations of created_from ≤ created_at < created_before took the most time. */
export const slowOperationsInputSchema = z
  .strictObject({
    created_from: timestampSchema,
    created_before: timestampSchema,
    /** By the 95th percentile of their times, or by the sum of them. */
    by: z.enum(["p95", "total_time"], { error: "must be p95 or total_time" }).default("p95"),
    limit: z
      .int({ error: "must be a whole number" })
      .min(1, { error: "must be at least 1" })
      .max(50, { error: "must be at most 50" })
      .default(10),
  })
  .refine((input) => compareTimestamps(input.created_from, input.created_before) < 0, {
    path: ["created_before"],
    error: "must be after created_from, or the range is empty",
  });
export type SlowOperationsInput = z.output<typeof slowOperationsInputSchema>;

const count = z.int().min(0);

/** Operations of one type on one table that differ in their values only. Times are whole milliseconds. */
export const slowOperationSchema = z.object({
  table_name: identifierSchema,
  operation_type: operationTypeSchema,
  /** The query without its values: `GET iata=eq.?&limit=?&select=iata,city`. */
  shape: z.string(),
  calls: count,
  failures: count,
  p50_ms: count,
  p95_ms: count,
  max_ms: count,
  total_ms: count,
  slowest_operation_id: uuidSchema,
});

export const slowOperationsSchema = z.object({
  rows: z.array(slowOperationSchema),
  records_read: count,
  /** False where the range holds more records than were looked at: ask for a shorter one. */
  complete: z.boolean(),
});
export type SlowOperations = z.output<typeof slowOperationsSchema>;

const unavailable = z.object({ available: z.literal(false), reason: z.string() });

/** How Postgres would run a recorded query, and what index would help; each is there or says why it is not. */
export const operationAdviceSchema = z.object({
  /** The query as it was explained, its values as parameters; null where there was none to explain. */
  statement: z.string().nullable(),
  /** Filters that are not in it, such as `or` and full-text search. */
  left_out: z.array(z.string()).default([]),
  plan: z.discriminatedUnion("available", [z.object({ available: z.literal(true), text: z.string() }), unavailable]),
  indexes: z.discriminatedUnion("available", [
    z.object({ available: z.literal(true), statements: z.array(z.string()) }),
    unavailable,
  ]),
});
export type OperationAdvice = z.output<typeof operationAdviceSchema>;
