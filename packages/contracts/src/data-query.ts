import { z } from "zod";
import {
  columnNameSchema,
  cursorSchema,
  jsonObjectSchema,
  type JsonValue,
  jsonValueSchema,
  modelNameSchema,
  storedRowSchema,
} from "./primitives.ts";

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

const isPlain = (value: JsonValue): boolean => typeof value !== "object";

/** The values of a row's primary key by column. */
export const dataKeySchema = dataRowInputSchema
  .refine((key) => Object.keys(key).length > 0, { error: "must give the columns of the model's primary key" })
  .refine((key) => Object.values(key).every(isPlain), {
    error: "must hold one plain value for each column of the key",
  });

export type DataKey = z.output<typeof dataKeySchema>;

export const filterOperators = ["eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "in", "is"] as const;

/** One condition on a column; all conditions of a list must hold. */
export const dataFilterSchema = z
  .strictObject({
    column: columnNameSchema,
    op: z.enum(filterOperators, { error: `must be one of ${filterOperators.join(", ")}` }),
    value: jsonValueSchema,
  })
  .superRefine(({ op, value }, context) => {
    const fault = operandFault(op, value);
    if (fault !== null) context.addIssue({ code: "custom", path: ["value"], message: fault });
  });
export type DataFilter = z.output<typeof dataFilterSchema>;

type Operator = (typeof filterOperators)[number];

function operandFault(op: Operator, value: JsonValue): string | null {
  if (op === "in") {
    // PostgREST would take a null among them for the text "null"; in SQL it equals nothing.
    const fits = Array.isArray(value) && value.length > 0 && value.length <= 200 && value.every(isPlain);
    return fits ? null : "must be an array of 1 to 200 plain values for in; ask for null with is";
  }
  if (op === "is") return value === null || typeof value === "boolean" ? null : "must be null, true or false for is";
  if (op === "like" || op === "ilike") return typeof value === "string" ? null : `must be a pattern as text for ${op}`;
  return isPlain(value) ? null : `must be one plain value for ${op}; ask for null with is`;
}

const model = modelNameSchema;

export const dataListInputSchema = z.strictObject({
  model,
  columns: z
    .array(columnNameSchema)
    .min(1, { error: "must name at least one column, or be left out for all" })
    .max(500, { error: "must name at most 500 columns" })
    .optional(),
  filters: z.array(dataFilterSchema).max(20, { error: "must have at most 20 conditions" }).optional(),
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
