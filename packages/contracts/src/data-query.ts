import { z } from "zod";
import { dataWhereSchema, isPlain } from "./data-query-filter.ts";
import { columnsInputSchema, dataIncludeSchema, filtersInputSchema, orderInputSchema } from "./data-query-include.ts";
import { errorCodeSchema, errorIssueSchema } from "./errors.ts";
import {
  columnNameSchema,
  cursorSchema,
  jsonObjectSchema,
  modelNameSchema,
  nonEmptyText,
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

/** The values of a row's primary key by column. */
export const dataKeySchema = dataRowInputSchema
  .refine((key) => Object.keys(key).length > 0, { error: "must give the columns of the model's primary key" })
  .refine((key) => Object.values(key).every(isPlain), {
    error: "must hold one plain value for each column of the key",
  });

export type DataKey = z.output<typeof dataKeySchema>;

const model = modelNameSchema;

const conditions = {
  /** All of them must hold, and `where` too. */
  filters: filtersInputSchema.optional(),
  where: dataWhereSchema.optional(),
};

export const dataListInputSchema = z.strictObject({
  model,
  columns: columnsInputSchema.optional(),
  ...conditions,
  order: orderInputSchema.optional(),
  limit: z
    .int({ error: "must be a whole number" })
    .min(1, { error: "must be at least 1" })
    .max(rowLimit, { error: `must be at most ${rowLimit}; ask for the next page with next_cursor` })
    .default(50),
  cursor: cursorSchema.optional(),
  include: dataIncludeSchema,
  /** `exact`: how many rows there are on all pages, which reads them all. */
  count: z.enum(["none", "exact"], { error: "must be none or exact" }).optional(),
});
export type DataListInput = z.output<typeof dataListInputSchema>;

export const dataCountInputSchema = z.strictObject({ model, ...conditions });
export type DataCountInput = z.output<typeof dataCountInputSchema>;
export const dataCountOutputSchema = z.object({ count: z.int() });

export const dataGetInputSchema = z.strictObject({ model, key: dataKeySchema, include: dataIncludeSchema });
export type DataGetInput = z.output<typeof dataGetInputSchema>;

/**
 * Of the caller's making, for one write, which is done once however often it is sent within 24 hours; the answer is
 * given again. For each user and procedure by itself.
 */
const idempotency_key = nonEmptyText(200).optional();

/** `atomic`: all or none; `each`: every row by itself, and the answer says which ones failed. */
const mode = z.enum(["atomic", "each"], { error: "must be atomic or each" }).default("atomic");

const changes = dataRowInputSchema.refine((given) => Object.keys(given).length > 0, {
  error: "must change at least one column",
});

function batchOf<Item extends z.ZodType>(item: Item) {
  return z
    .array(item)
    .min(1, { error: "must hold at least one row" })
    .max(rowLimit, { error: `must hold at most ${rowLimit} rows; send the rest in another call` });
}

export const dataCreateInputSchema = z.strictObject({ model, row: dataRowInputSchema, idempotency_key });
export const dataCreateManyInputSchema = z.strictObject({
  model,
  rows: batchOf(dataRowInputSchema),
  mode,
  idempotency_key,
});
export const dataUpsertInputSchema = z.strictObject({
  model,
  row: dataRowInputSchema,
  /** The columns of the primary key (the default), or of a unique index that the model declares. */
  on_conflict: z
    .array(columnNameSchema)
    .min(1, { error: "must name at least one column, or be left out for the primary key" })
    .max(32, { error: "must name at most 32 columns" })
    .optional(),
  idempotency_key,
});
export const dataUpdateInputSchema = z.strictObject({ model, key: dataKeySchema, changes, idempotency_key });
export const dataUpdateManyInputSchema = z.strictObject({
  model,
  updates: batchOf(z.strictObject({ key: dataKeySchema, changes })),
  mode,
  idempotency_key,
});
export const dataRemoveInputSchema = z.strictObject({ model, key: dataKeySchema, idempotency_key });
export type DataCreateInput = z.output<typeof dataCreateInputSchema>;
export type DataCreateManyInput = z.output<typeof dataCreateManyInputSchema>;
export type DataUpsertInput = z.output<typeof dataUpsertInputSchema>;
export type DataUpdateInput = z.output<typeof dataUpdateInputSchema>;
export type DataUpdateManyInput = z.output<typeof dataUpdateManyInputSchema>;
export type DataRemoveInput = z.output<typeof dataRemoveInputSchema>;

/** A row as the database gives it, values by column. */
export const dataRowSchema = storedRowSchema;
export type DataRow = z.output<typeof dataRowSchema>;

export const dataListOutputSchema = z.object({
  rows: z.array(dataRowSchema),
  next_cursor: cursorSchema.nullable(),
  /** Only where it was asked for. */
  count: z.int().optional(),
});

/** What a batch wrote: `rows[i]` is what became of the input's place `written[i]`. `failed` is empty when it is atomic, unless a trigger skipped rows. */
export const dataBatchOutputSchema = z.object({
  rows: z.array(dataRowSchema),
  written: z.array(z.int()),
  failed: z.array(
    z.object({ index: z.int(), code: errorCodeSchema, message: z.string(), issues: z.array(errorIssueSchema) }),
  ),
});
export type DataBatch = z.output<typeof dataBatchOutputSchema>;
