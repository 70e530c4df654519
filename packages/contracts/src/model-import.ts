import { z } from "zod";
import { dataModelCreateSchema } from "./data-model.ts";
import { byteLength, identifierByteLimit, modelNameSchema, semverSchema } from "./primitives.ts";

/** Most tables that are imported at once. */
export const importTableLimit = 100;

/** A table as Postgres has it, in whatever letters: what no model can be called is answered with a note. */
const tableNameSchema = z
  .string({ error: "must be a string" })
  .min(1, { error: "must not be empty" })
  .refine((name) => byteLength(name) <= identifierByteLimit, {
    error: `must have at most ${identifierByteLimit} bytes`,
  });

/** Asks for drafts of existing tables of `public`; without names for all that are neither Waybill's nor a model's. */
export const modelImportInputSchema = z.strictObject({
  tables: z
    .array(tableNameSchema, { error: "must be an array of tables' names" })
    .min(1, { error: "must name at least one table, or be left out for all" })
    .max(importTableLimit, { error: `must name at most ${importTableLimit} tables` })
    .refine((names) => new Set(names).size === names.length, { error: "must name each table once" })
    .optional(),
});
export type ModelImportInput = z.output<typeof modelImportInputSchema>;

export const importedTableSchema = z.object({
  table: z.string(),
  /** What models.create takes; null where the table can be no model, and the notes say why. */
  draft: dataModelCreateSchema.nullable(),
  /** What the draft does not say, or says otherwise than the table. */
  notes: z.array(z.string()),
});

export const modelImportOutputSchema = z.object({ tables: z.array(importedTableSchema) });
export type ModelImportOutput = z.output<typeof modelImportOutputSchema>;

export const modelDriftInputSchema = z.strictObject({ model_name: modelNameSchema });

/** How a model's table differs from the version that it should have. */
export const modelDriftSchema = z.object({
  model_name: modelNameSchema,
  /** The version that was applied, or the declared one while none is. */
  schema_version: semverSchema,
  /** One a difference, in words; empty when there is none. */
  lines: z.array(z.string()),
});
export type ModelDrift = z.output<typeof modelDriftSchema>;
