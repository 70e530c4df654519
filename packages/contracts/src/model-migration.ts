import { z } from "zod";
import { errorIssueSchema } from "./errors.ts";
import { modelUsageSchema } from "./model-usage.ts";
import {
  columnNameSchema,
  modelNameSchema,
  pageLimitSchema,
  pageOf,
  semverSchema,
  timestampSchema,
  userIdSchema,
} from "./primitives.ts";

/** Most models that one plan changes together. */
export const planModelLimit = 20;

/** Most rows of each table on which a plan is proven. */
export const planSampleLimit = 2000;

/** What names a plan: SHA-256 over all that it says, in lower-case hex. */
export const planFingerprintSchema = z
  .string({ error: "must be a string" })
  .regex(/^[0-9a-f]{64}$/, { error: "must be the fingerprint of a plan, 64 hex digits, as models.plan gave it" });

/** Of Postgres, the strongest first. */
export const lockModes = [
  "ACCESS EXCLUSIVE",
  "SHARE ROW EXCLUSIVE",
  "SHARE",
  "SHARE UPDATE EXCLUSIVE",
  "ROW EXCLUSIVE",
  "ACCESS SHARE",
] as const;
export type LockMode = (typeof lockModes)[number];

/** A column that goes on under another name. That one is gone and another is there says nothing. */
const columnRenameSchema = z.strictObject({ model: modelNameSchema, column: columnNameSchema, to: columnNameSchema });

/** Plans to bring the tables of these models from what they are to the version that is declared. */
export const modelPlanInputSchema = z.strictObject({
  models: z
    .array(modelNameSchema, { error: "must be an array of models' names" })
    .min(1, { error: "must name at least one model" })
    .max(planModelLimit, { error: `must name at most ${planModelLimit} models` })
    .refine((names) => new Set(names).size === names.length, { error: "must name each model once" }),
  renames: z.array(columnRenameSchema).max(100, { error: "must have at most 100 entries" }).default([]),
  /** Of each table, to prove the plan on; 0 proves it on the schema alone. The server may allow fewer. */
  sample_rows: z
    .int({ error: "must be a whole number" })
    .min(0, { error: "must be 0 or more" })
    .max(planSampleLimit, { error: `must be at most ${planSampleLimit}` })
    .default(500),
  /** Starts from the tables of these models as they are, whatever they should be; puts back what has drifted. */
  from_table: z.boolean({ error: "must be true or false" }).default(false),
});
export type ModelPlanInput = z.output<typeof modelPlanInputSchema>;

/** From which version of a model to which; null where there is no table. */
export const versionStepSchema = z.object({
  model_name: modelNameSchema,
  from: semverSchema.nullable(),
  to: semverSchema.nullable(),
});
export type VersionStep = z.output<typeof versionStepSchema>;

export const planStatementSchema = z.object({
  sql: z.string(),
  /** `add column`, `change type`, `keep data`, … */
  kind: z.string(),
  /** As SQL text, with its name at that moment. */
  table: z.string().nullable(),
  /** The strongest lock that it takes on a table that is there. */
  lock: z.enum(lockModes).nullable(),
  /** Other tables that it locks as well: what a foreign key points to. */
  also_locks: z.array(z.string()),
  /** Writes the whole table anew; seen on the scratch database. */
  rewrites: z.boolean(),
  /** Reads the whole table. */
  scans: z.boolean(),
  /** What is lost, in words; null when nothing is. */
  loses: z.string().nullable(),
  /** What it means for those who use the table meanwhile. */
  effect: z.string(),
});
export type PlanStatement = z.output<typeof planStatementSchema>;

const sqlTextsSchema = z.object({ up: z.string(), down: z.string() });

/** A change of tables and its way back, both of which have been run. */
export const modelPlanSchema = z.object({
  fingerprint: planFingerprintSchema,
  models: z.array(versionStepSchema),
  /** Models whose tables are there and are taken over as they are; the way back leaves them as they were. */
  adopts: z.array(modelNameSchema),
  up: z.array(planStatementSchema),
  down: z.array(planStatementSchema),
  /** What the way up drops, and what the way back does; either needs confirm_destructive. */
  loses: z.object({ up: z.array(z.string()), down: z.array(z.string()) }),
  /** Up, down, up and down again on a scratch database, each ending where it should. */
  proof: z.object({
    steps: z.array(z.object({ name: z.string(), ms: z.int().min(0) })),
    /** How many rows of each table it was proven on. */
    rows: z.record(z.string(), z.int().min(0)),
  }),
  /** What is allowed and most likely not meant. */
  warnings: z.array(errorIssueSchema),
  /** Who uses the versions that a breaking change takes away, over the last seven days. */
  usage: z.array(z.object({ model_name: modelNameSchema, ...modelUsageSchema.shape })),
  /** Set where this server cannot apply the plan itself: SQL to be run by hand, as the owner of the tables. */
  run_by_hand: sqlTextsSchema.nullable(),
});
export type ModelPlan = z.output<typeof modelPlanSchema>;

/** Takes exactly the plan with this fingerprint, forth or back. */
export const modelMigrateInputSchema = z.strictObject({
  fingerprint: planFingerprintSchema,
  /** Needed for a way that drops data, even if that is kept aside. */
  confirm_destructive: z.boolean({ error: "must be true or false" }).default(false),
});
export type ModelMigrateInput = z.output<typeof modelMigrateInputSchema>;

export const modelMigrateOutputSchema = z.object({
  fingerprint: planFingerprintSchema,
  models: z.array(versionStepSchema),
  /** Of the row in `supabase_migrations.schema_migrations`. */
  version: z.string(),
  name: z.string(),
  /** It stood so already, and nothing was done. */
  already: z.boolean(),
  /** Migration files that were written, or removed by a rollback. */
  files: z.array(z.string()),
  /** Why they could not be; the database has the change all the same. */
  file_error: z.string().nullable(),
});
export type ModelMigrateOutput = z.output<typeof modelMigrateOutputSchema>;

export const modelPurgeInputSchema = z.strictObject({ fingerprint: planFingerprintSchema });

export const migrationStatuses = ["planned", "applied", "rolled back"] as const;

/** A row of `model_migrations`, without the plan itself. */
export const modelMigrationSchema = z.object({
  fingerprint: planFingerprintSchema,
  models: z.array(versionStepSchema),
  status: z.enum(migrationStatuses),
  planned_at: timestampSchema,
  planned_by: userIdSchema,
  changed_at: timestampSchema.nullable(),
  changed_by: userIdSchema.nullable(),
  migration_version: z.string().nullable(),
});
export type ModelMigration = z.output<typeof modelMigrationSchema>;

/** Plans and what became of them, the newest first. */
export const modelMigrationFilterSchema = z.strictObject({
  model_name: modelNameSchema.optional(),
  status: z.enum(migrationStatuses, { error: "must be planned, applied or rolled back" }).optional(),
  /** The planned_at of the last one of the page before. */
  cursor: timestampSchema.optional(),
  limit: pageLimitSchema,
});

export const modelMigrationPageSchema = pageOf(modelMigrationSchema);
