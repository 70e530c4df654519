import { z } from "zod";
import {
  columnNameSchema,
  compareTimestamps,
  modelNameSchema,
  semverSchema,
  timestampSchema,
  userIdSchema,
} from "./primitives.ts";

/** Most records that one question looks at, the newest of its range. */
export const usageRecordLimit = 10_000;

/** Callers of each version that are named. */
export const usageCallerLimit = 20;

/** Who used a model between created_from ≤ created_at < created_before. */
export const modelUsageInputSchema = z
  .strictObject({ model_name: modelNameSchema, created_from: timestampSchema, created_before: timestampSchema })
  .refine((input) => compareTimestamps(input.created_from, input.created_before) < 0, {
    path: ["created_before"],
    error: "must be after created_from, or the range is empty",
  });
export type ModelUsageInput = z.output<typeof modelUsageInputSchema>;

const count = z.int().min(0);

export const versionUsageSchema = z.object({
  schema_version: semverSchema,
  operations: count,
  /** Of them all but reads. */
  writes: count,
  /** How many users. */
  callers: count,
  last_used_at: timestampSchema,
  most_active: z.array(z.object({ user_id: userIdSchema, operations: count, last_used_at: timestampSchema })),
  /** Columns that these operations name, the most used first. */
  fields: z.array(z.object({ name: columnNameSchema, operations: count, callers: count })),
});

/** By version, the last used first. */
export const modelUsageSchema = z.object({
  versions: z.array(versionUsageSchema),
  records_read: count,
  /** False where the range holds more records than were looked at: ask for a shorter one. */
  complete: z.boolean(),
});
export type ModelUsage = z.output<typeof modelUsageSchema>;
