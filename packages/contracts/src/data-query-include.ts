import { z } from "zod";
import { dataFilterSchema, dataWhereSchema } from "./data-query-filter.ts";
import { columnNameSchema } from "./primitives.ts";

export const columnsInputSchema = z
  .array(columnNameSchema)
  .min(1, { error: "must name at least one column, or be left out for all" })
  .max(500, { error: "must name at most 500 columns" });

export const filtersInputSchema = z.array(dataFilterSchema).max(20, { error: "must have at most 20 conditions" });

export const orderInputSchema = z
  .array(
    z.strictObject({
      column: columnNameSchema,
      direction: z.enum(["asc", "desc"], { error: "must be asc or desc" }).default("asc"),
    }),
  )
  .max(4, { error: "must have at most 4 columns" });

/** Relationships at one place. */
const relationshipLimit = 5;

const part = {
  columns: columnsInputSchema.optional(),
  /** Which of the related rows come along; the row itself stays, whatever they find. */
  filters: filtersInputSchema.optional(),
  where: dataWhereSchema.optional(),
  order: orderInputSchema.optional(),
  /** Of each row's related ones. */
  limit: z
    .int({ error: "must be a whole number" })
    .min(1, { error: "must be at least 1" })
    .max(100, { error: "must be at most 100; list the related model for more" })
    .optional(),
};

function byRelationship<Part extends z.ZodType>(schema: Part) {
  return z
    .record(columnNameSchema, schema, {
      error: (issue) =>
        issue.code === "invalid_key" ? "must be a relationship's name: a plain identifier" : undefined,
    })
    .refine((parts) => Object.keys(parts).length <= relationshipLimit, {
      error: `must name at most ${relationshipLimit} relationships`,
    })
    .optional();
}

const third = z.strictObject(part);
const second = z.strictObject({ ...part, include: byRelationship(third) });
const first = z.strictObject({ ...part, include: byRelationship(second) });

/** Rows of related models that come along, by the name of the relationship; three levels deep. */
export const dataIncludeSchema = byRelationship(first);

export interface DataInclude {
  readonly columns?: readonly string[] | undefined;
  readonly filters?: z.output<typeof filtersInputSchema> | undefined;
  readonly where?: z.output<typeof dataWhereSchema> | undefined;
  readonly order?: z.output<typeof orderInputSchema> | undefined;
  readonly limit?: number | undefined;
  readonly include?: Readonly<Record<string, DataInclude>> | undefined;
}
