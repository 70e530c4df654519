import { z } from "zod";
import { dataWhereSchema } from "./data-query-filter.ts";
import { filtersInputSchema, orderInputSchema } from "./data-query-include.ts";
import { columnNameSchema, modelNameSchema, storedRowSchema } from "./primitives.ts";

export const aggregateFunctions = ["count", "min", "max", "sum", "avg"] as const;

/** One number of each group: of a column's values that are not null, or, for a count without a column, of its rows. */
const measureSchema = z
  .strictObject({
    op: z.enum(aggregateFunctions, { error: `must be one of ${aggregateFunctions.join(", ")}` }),
    column: columnNameSchema.optional(),
  })
  .refine(({ op, column }) => op === "count" || column !== undefined, {
    path: ["column"],
    error: "must be given: only a count can do without",
  });

const measureLimit = 10;
const groupLimit = 4;

export const dataAggregateInputSchema = z
  .strictObject({
    model: modelNameSchema,
    /** Columns whose values make a group each; without them all rows are one. */
    group_by: z
      .array(columnNameSchema)
      .max(groupLimit, { error: `must name at most ${groupLimit} columns` })
      .refine((columns) => new Set(columns).size === columns.length, { error: "must name each column once" })
      .optional(),
    /** By the name that each has in the answer. */
    measures: z
      .record(columnNameSchema, measureSchema, {
        error: (issue) => (issue.code === "invalid_key" ? "must be a name of its own: a plain identifier" : undefined),
      })
      .refine((measures) => Object.keys(measures).length > 0, { error: "must ask for at least one" })
      .refine((measures) => Object.keys(measures).length <= measureLimit, {
        error: `must ask for at most ${measureLimit}`,
      }),
    filters: filtersInputSchema.optional(),
    where: dataWhereSchema.optional(),
    /** By columns of `group_by` or names of `measures`; by default by the groups. */
    order: orderInputSchema.optional(),
    limit: z
      .int({ error: "must be a whole number" })
      .min(1, { error: "must be at least 1" })
      .max(1000, { error: "must be at most 1000 groups" })
      .default(100),
  })
  .superRefine(({ group_by = [], measures, order = [] }, context) => {
    const names = [...group_by, ...Object.keys(measures)];
    for (const name of Object.keys(measures)) {
      if (!group_by.includes(name)) continue;
      context.addIssue({ code: "custom", path: ["measures", name], message: "must not be the name of a group too" });
    }
    for (const [index, { column }] of order.entries()) {
      if (names.includes(column)) continue;
      const message = `must be one of ${names.join(", ")}`;
      context.addIssue({ code: "custom", path: ["order", index, "column"], message });
    }
  });
export type DataAggregateInput = z.output<typeof dataAggregateInputSchema>;

export const dataAggregateOutputSchema = z.object({
  /** A group each: its columns, and what was measured; a sum beyond 2^53 as text, since no number of JSON tells it. */
  groups: z.array(storedRowSchema),
  /** Whether there are groups beyond `limit`. */
  more: z.boolean(),
});
