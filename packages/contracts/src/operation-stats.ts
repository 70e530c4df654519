import { z } from "zod";
import { operationStatusSchema, operationTypeSchema } from "./database-operation.ts";
import {
  compareTimestamps,
  identifierSchema,
  semverSchema,
  textSchema,
  timestampSchema,
  userIdSchema,
  uuidSchema,
} from "./primitives.ts";
import { clientIdSchema } from "./supabase-client.ts";

export const statsParts = ["totals", "series", "tables", "clients", "models", "users", "errors"] as const;
const statsPartSchema = z.enum(statsParts, { error: `must be one of ${statsParts.join(", ")}` });

/** How far apart two points of the series are. */
const statsStepSchema = z.enum(["minute", "hour"], { error: "must be minute or hour" });
export type StatsStep = z.output<typeof statsStepSchema>;

/** A chart has no room for more, and an answer no need. */
export const statsPointLimit = 1500;
const stepMs: Readonly<Record<StatsStep, number>> = { minute: 60_000, hour: 3_600_000 };

/**
 * Asks the totals of a time in whole steps: of every step that created_from ≤ created_at < created_before touches. Errors
 * end at created_before itself. By default the hour until now, by the minute; by the hour where the range is longer than a
 * day or began more than seven days ago. Minutes are kept for seven days, hours for good.
 */
export const operationStatsInputSchema = z
  .strictObject({
    created_from: timestampSchema.optional(),
    created_before: timestampSchema.optional(),
    step: statsStepSchema.optional(),
    /** What to answer; all of it by default. Who asks for less waits less. */
    parts: z
      .array(statsPartSchema)
      .min(1, { error: "must name a part" })
      .max(statsParts.length, { error: "must name each part once at most" })
      .default([...statsParts]),
    client_id: clientIdSchema.optional(),
    table_name: identifierSchema.optional(),
    operation_type: operationTypeSchema.optional(),
    status: operationStatusSchema.exclude(["pending"]).optional(),
    model_id: uuidSchema.optional(),
  })
  .superRefine(({ created_from, created_before, step }, context) => {
    if (created_from === undefined || created_before === undefined) return;
    const path = ["created_before"];
    if (compareTimestamps(created_from, created_before) >= 0) {
      context.addIssue({ code: "custom", path, message: "must be after created_from, or the range is empty" });
    } else if (Date.parse(created_before) - Date.parse(created_from) > statsPointLimit * stepMs[step ?? "hour"]) {
      const message = `must be at most ${statsPointLimit} steps after created_from; ask for a shorter time or step hour`;
      context.addIssue({ code: "custom", path, message });
    }
  });
export type OperationStatsInput = z.output<typeof operationStatsInputSchema>;

const count = z.int().nonnegative();
const counts = { operations: count, errors: count, timeouts: count, total_ms: count };
/** Within a tenth or a millisecond of the true one; null where no operation has a time. */
const percentile = count.nullable();
const totals = { ...counts, p50_ms: percentile, p95_ms: percentile, p99_ms: percentile };

const errorKindSchema = z.object({
  status: z.enum(["error", "timeout"]),
  table_name: identifierSchema,
  /** Its first 300 characters. */
  error_message: textSchema.nullable(),
  operations: count,
  last_at: timestampSchema,
});

/** Only the parts that were asked for. An operation counts once its outcome is stored: pending ones are in no total. */
export const operationStatsSchema = z.object({
  created_from: timestampSchema,
  created_before: timestampSchema,
  step: statsStepSchema,
  /** Null when there was no operation. */
  totals: z.object(totals).nullable().optional(),
  /** A point for each step in which operations began, in the order of time; `at` is its beginning. */
  series: z.array(z.object({ at: timestampSchema, ...totals })).optional(),
  /** The 20 with most operations, as in all lists here. */
  tables: z.array(z.object({ table_name: identifierSchema, ...totals })).optional(),
  clients: z.array(z.object({ client_id: clientIdSchema, ...totals })).optional(),
  /** By version; null for operations on no model, or on one that was removed. */
  models: z
    .array(z.object({ model_id: uuidSchema.nullable(), schema_version: semverSchema.nullable(), ...totals }))
    .optional(),
  /** Of the whole hours that the time touches; null when a filter but status is set, for users are counted apart. */
  users: z
    .array(z.object({ user_id: userIdSchema, ...counts }))
    .nullable()
    .optional(),
  /** Among the newest 10,000 errors and as many timeouts of the time. */
  errors: z.array(errorKindSchema).optional(),
});
export type OperationStats = z.output<typeof operationStatsSchema>;

const size = { rows: count, bytes: count };

/** How long records are kept, and how the partitions stand. Rows and bytes are the database's own estimate. */
export const operationRetentionSchema = z.object({
  /** Oldest first. `from` is null for the one that holds all that was there before the ledger was partitioned. */
  partitions: z.array(
    z.object({ name: z.string(), from: timestampSchema.nullable(), before: timestampSchema, ...size }),
  ),
  /** Rows whose id lies in no day that has a partition. */
  elsewhere: z.object(size),
  /** Null when there was none yet. */
  last_upkeep: z
    .object({
      ran_at: timestampSchema,
      retention_days: count,
      made: count,
      dropped: count,
      moved: count,
      purged: count,
      more: z.boolean(),
      postponed: z.boolean(),
    })
    .nullable(),
  /** The instance that runs the jobs; null when none does. */
  jobs_run_by: z.string().nullable(),
});
export type OperationRetention = z.output<typeof operationRetentionSchema>;
