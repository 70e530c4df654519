import { z } from "zod";
import { dataKeySchema, dataRowInputSchema } from "./data-query.ts";
import { errorIssueSchema } from "./errors.ts";
import { modelNameSchema } from "./primitives.ts";

/** A row that is to be held against its model without being written. */
export const modelValidateInputSchema = z.strictObject({
  model: modelNameSchema,
  /** The whole row; with `key` the changes of that row; with `partial` what is known of a new row so far. */
  row: dataRowInputSchema,
  key: dataKeySchema.optional(),
  partial: z.boolean({ error: "must be true or false" }).default(false),
});
export type ModelValidateInput = z.output<typeof modelValidateInputSchema>;

/** What would refuse the row, as far as it can be told without writing; fields are columns, as the browser names them. */
export const modelValidateOutputSchema = z.object({ issues: z.array(errorIssueSchema) });
export type ModelValidateOutput = z.output<typeof modelValidateOutputSchema>;

/** What is wrong with a model that is not stored yet; fields are those of its definition. */
export const modelCheckSchema = z.object({
  /** For these it would be refused. */
  issues: z.array(errorIssueSchema),
  /** What is allowed and most likely not meant, and what could not be tried. */
  warnings: z.array(errorIssueSchema),
});
export type ModelCheck = z.output<typeof modelCheckSchema>;
