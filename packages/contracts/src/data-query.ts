import { z } from "zod";
import { dataFilterSchema, dataWhereSchema, isPlain } from "./data-query-filter.ts";
import { columnNameSchema, cursorSchema, jsonObjectSchema, modelNameSchema, storedRowSchema } from "./primitives.ts";

/** Rows of one page, and of one createMany. */
const rowLimit = 1000;

/** A row that a caller sends: values by column. Which columns and values fit, the model's fields decide. */
export const dataRowInputSchema = jsonObjectSchema.superRefine((row, context) => {
  for (const column of Object.keys(row)) {
    for (const { message } of columnNameSchema.safeParse(column).error?.issues ?? []) {
      context.addIssue({ code: "custom", path: [column], message });
    }
  }
});

/** The values of a row's primary key by column. */
export const dataKeySchema = dataRowInputSchema
  .refine((key) => Object.keys(key).length > 0, { error: "must give the columns of the model's primary key" })
  .refine((key) => Object.values(key).every(isPlain), {
    error: "must hold one plain value for each column of the key",
  });

export type DataKey = z.output<typeof dataKeySchema>;

const model = modelNameSchema;

export const dataListInputSchema = z.strictObject({
  model,
  columns: z
    .array(columnNameSchema)
    .min(1, { error: "must name at least one column, or be left out for all" })
    .max(500, { error: "must name at most 500 columns" })
    .optional(),
  /** All of them must hold, and `where` too. */
  filters: z.array(dataFilterSchema).max(20, { error: "must have at most 20 conditions" }).optional(),
  where: dataWhereSchema.optional(),
  order: z
    .array(
      z.strictObject({
        column: columnNameSchema,
        direction: z.enum(["asc", "desc"], { error: "must be asc or desc" }).default("asc"),
      }),
    )
    .max(4, { error: "must have at most 4 columns" })
    .optional(),
  limit: z
    .int({ error: "must be a whole number" })
    .min(1, { error: "must be at least 1" })
    .max(rowLimit, { error: `must be at most ${rowLimit}; ask for the next page with next_cursor` })
    .default(50),
  cursor: cursorSchema.optional(),
});
export type DataListInput = z.output<typeof dataListInputSchema>;

export const dataGetInputSchema = z.strictObject({ model, key: dataKeySchema });
export const dataCreateInputSchema = z.strictObject({ model, row: dataRowInputSchema });
export const dataCreateManyInputSchema = z.strictObject({
  model,
  rows: z
    .array(dataRowInputSchema)
    .min(1, { error: "must hold at least one row" })
    .max(rowLimit, { error: `must hold at most ${rowLimit} rows; send the rest in another call` }),
});
export const dataUpdateInputSchema = z.strictObject({
  model,
  key: dataKeySchema,
  changes: dataRowInputSchema.refine((changes) => Object.keys(changes).length > 0, {
    error: "must change at least one column",
  }),
});
export const dataRemoveInputSchema = z.strictObject({ model, key: dataKeySchema });

/** A row as the database gives it, values by column. */
export const dataRowSchema = storedRowSchema;
export type DataRow = z.output<typeof dataRowSchema>;

export const dataListOutputSchema = z.object({ rows: z.array(dataRowSchema), next_cursor: cursorSchema.nullable() });
export const dataCreateManyOutputSchema = z.object({ rows: z.array(dataRowSchema) });
