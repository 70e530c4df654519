import { z } from "zod";
import { dataModelFieldsSchema } from "./data-model/fields.ts";
import { indexesSchema, relationshipsSchema, rlsPoliciesSchema, validationRulesSchema } from "./data-model/parts.ts";
import { checkReferences } from "./data-model/references.ts";
import {
  compareTimestamps,
  cursorSchema,
  modelNameSchema,
  modelTableNameSchema,
  pageLimitSchema,
  pageOf,
  semverSchema,
  timestampSchema,
  userIdSchema,
  uuidSchema,
} from "./primitives.ts";

const definition = {
  model_name: modelNameSchema,
  table_name: modelTableNameSchema,
  schema_version: semverSchema,
  fields: dataModelFieldsSchema,
  relationships: relationshipsSchema.nullable(),
  validation_rules: validationRulesSchema.nullable(),
  indexes: indexesSchema.nullable(),
  rls_policies: rlsPoliciesSchema.nullable(),
};

const columns = {
  model_id: uuidSchema,
  ...definition,
  /** The version that its table has; null while no plan of Waybill made the table. */
  applied_version: semverSchema.nullable(),
  is_active: z.boolean({ error: "must be true or false" }),
  created_at: timestampSchema,
  updated_at: timestampSchema,
  created_by: userIdSchema,
};

const partDefaults = {
  relationships: definition.relationships.default(null),
  validation_rules: definition.validation_rules.default(null),
  indexes: definition.indexes.default(null),
  rls_policies: definition.rls_policies.default(null),
};

/** A row of `data_models`: the current version of a model (data-model.md §4). */
export const dataModelSchema = z
  .object({
    ...columns,
    ...partDefaults,
    applied_version: columns.applied_version.default(null),
    is_active: columns.is_active.default(true),
  })
  .superRefine(checkReferences)
  .refine((row) => compareTimestamps(row.updated_at, row.created_at) >= 0, {
    path: ["updated_at"],
    error: "must not be before created_at",
  });
export type DataModelRow = z.output<typeof dataModelSchema>;

/** What declares a model. Also the whole that an update results in: parse the merged definition with it. */
export const dataModelCreateSchema = z.strictObject({ ...definition, ...partDefaults }).superRefine(checkReferences);
export type DataModelCreate = z.output<typeof dataModelCreateSchema>;

/**
 * What changes in a model, always with the version it becomes. Its name stays: operations and relationships refer to it.
 * References are checked on the merged definition (`dataModelCreateSchema`).
 */
export const dataModelUpdateSchema = z
  .strictObject({
    schema_version: semverSchema,
    table_name: definition.table_name.optional(),
    fields: definition.fields.optional(),
    relationships: definition.relationships.optional(),
    validation_rules: definition.validation_rules.optional(),
    indexes: definition.indexes.optional(),
    rls_policies: definition.rls_policies.optional(),
  })
  .refine((changes) => Object.keys(changes).length > 1, { error: "must change something besides schema_version" });
export type DataModelUpdate = z.output<typeof dataModelUpdateSchema>;

export const dataModelFilterSchema = z.strictObject({
  model_name: modelNameSchema.optional(),
  is_active: columns.is_active.optional(),
  /** The last model_name of the page before. */
  cursor: cursorSchema.optional(),
  limit: pageLimitSchema,
});
export type DataModelFilter = z.output<typeof dataModelFilterSchema>;

/** A model as procedures show it. */
export const dataModelOutputSchema = z.object(columns);
export type DataModelOutput = z.output<typeof dataModelOutputSchema>;

export const dataModelPageSchema = pageOf(dataModelOutputSchema);

/** Asks for one model, by its id or by its name. */
export const dataModelKeySchema = z.union(
  [z.strictObject({ model_id: uuidSchema }), z.strictObject({ model_name: modelNameSchema })],
  { error: "must be { model_id } or { model_name }" },
);
export type DataModelKey = z.output<typeof dataModelKeySchema>;

/** A row of `data_model_versions`: every version that a model ever had (decisions.md). */
export const dataModelVersionSchema = z.object({
  model_id: uuidSchema,
  ...definition,
  ...partDefaults,
  created_at: timestampSchema,
  created_by: userIdSchema,
});
export type DataModelVersionRow = z.output<typeof dataModelVersionSchema>;

/** The versions of a model, the newest first. */
export const dataModelHistorySchema = z.strictObject({
  model_name: modelNameSchema,
  /** The created_at of the last version of the page before. */
  cursor: timestampSchema.optional(),
  limit: pageLimitSchema,
});

export const dataModelVersionOutputSchema = z.object({
  model_id: uuidSchema,
  ...definition,
  created_at: timestampSchema,
  created_by: userIdSchema,
});
export type DataModelVersionOutput = z.output<typeof dataModelVersionOutputSchema>;

export const dataModelVersionPageSchema = pageOf(dataModelVersionOutputSchema);
