import { z } from "zod";
import { byteLength, columnNameSchema, modelNameSchema, nonEmptyText } from "../primitives.ts";

/** How many relationships, rules, indexes or policies one model may have. */
const partLimit = 100;

/** Bytes of a rule's or policy's expression. */
const expressionByteLimit = 2048;

const nameSchema = columnNameSchema;

const columnsSchema = z
  .array(columnNameSchema, { error: "must be an array of column names" })
  .min(1, { error: "must name at least one column" })
  .max(32, { error: "must name at most 32 columns, the limit of a Postgres index" })
  .refine((columns) => new Set(columns).size === columns.length, { error: "must name each column once" })
  // so that a model written as a constant is taken as it is
  .readonly();

const expressionSchema = (language: string) =>
  nonEmptyText(expressionByteLimit).refine((text) => byteLength(text) <= expressionByteLimit, {
    error: `must have at most ${expressionByteLimit} bytes of ${language}; shorten it`,
  });

function listOf<Part extends z.ZodType>(part: Part, nameOf: (value: z.output<Part>) => string | undefined) {
  return z
    .array(part)
    .max(partLimit, { error: `must have at most ${partLimit} entries` })
    .superRefine((parts, context) => {
      const seen = new Set<string>();
      for (const [index, value] of parts.entries()) {
        const name = nameOf(value);
        if (name === undefined) continue;
        const message = `must be unique: ${name} is there already; rename one`;
        if (seen.has(name)) context.addIssue({ code: "custom", path: [index, "name"], message });
        seen.add(name);
      }
    })
    .readonly();
}

export const onDeleteSchema = z
  .enum(["cascade", "set null", "restrict", "no action"], {
    error: "must be cascade, set null, restrict or no action",
  })
  .default("no action");

const relationship = { name: nameSchema, model: modelNameSchema, on_delete: onDeleteSchema };

/** How a model relates to another, named by its model_name (data-model.md §4). */
export const relationshipSchema = z.discriminatedUnion(
  "kind",
  [
    /** `columns` of this model refer to `references` of the other, by default to its primary key. */
    z.strictObject({
      ...relationship,
      kind: z.literal("many-to-one"),
      columns: columnsSchema,
      references: columnsSchema.optional(),
    }),
    /** `columns` of the other model refer to this one's primary key. */
    z.strictObject({ ...relationship, kind: z.literal("one-to-many"), columns: columnsSchema }),
    /** `columns` of the model `through` refer to this model's key, its `target_columns` to the other's. */
    z.strictObject({
      ...relationship,
      kind: z.literal("many-to-many"),
      through: modelNameSchema,
      columns: columnsSchema,
      target_columns: columnsSchema,
    }),
  ],
  { error: "must be one-to-many, many-to-one or many-to-many" },
);
export type Relationship = z.output<typeof relationshipSchema>;
export const relationshipsSchema = listOf(relationshipSchema, ({ name }) => name);

/** A rule over a row's fields: an expression in CEL that must be true, and what to say when it is not. */
export const validationRuleSchema = z.strictObject({
  name: nameSchema,
  expression: expressionSchema("CEL"),
  message: nonEmptyText(500),
  fields: columnsSchema.optional(),
});
export type ValidationRule = z.output<typeof validationRuleSchema>;
export const validationRulesSchema = listOf(validationRuleSchema, ({ name }) => name);

/** An index on a model's table. */
export const indexSchema = z
  .strictObject({
    name: nameSchema.optional(),
    columns: columnsSchema,
    unique: z.boolean({ error: "must be true or false" }).default(false),
    method: z
      .enum(["btree", "hash", "gin", "gist", "brin"], { error: "must be btree, hash, gin, gist or brin" })
      .default("btree"),
    where: expressionSchema("SQL").optional(),
  })
  .refine((index) => !index.unique || index.method === "btree", {
    path: ["method"],
    error: "must be btree for a unique index: no other method of Postgres can hold one",
  })
  .refine((index) => index.method !== "hash" || index.columns.length === 1, {
    path: ["columns"],
    error: "must be one column for a hash index",
  });
export type ModelIndex = z.output<typeof indexSchema>;
export const indexesSchema = listOf(indexSchema, ({ name }) => name);

/** own-rows: user_id is the caller; tenant: tenant_id is the caller's tenant; public-read: all read, none writes. */
export const rlsPresetSchema = z.enum(["own-rows", "tenant", "public-read"], {
  error: "must be own-rows, tenant or public-read",
});

/** A Row Level Security policy, its `using` and `check` as SQL conditions. */
export const rlsPolicySchema = z
  .strictObject({
    name: nonEmptyText(63),
    command: z.enum(["all", "select", "insert", "update", "delete"], {
      error: "must be all, select, insert, update or delete",
    }),
    roles: z
      .array(
        z.enum(["public", "anon", "authenticated", "service_role"], {
          error: "must be public, anon, authenticated or service_role",
        }),
      )
      .min(1, { error: "must name at least one role" })
      .readonly(),
    using: expressionSchema("SQL").optional(),
    check: expressionSchema("SQL").optional(),
  })
  .refine((policy) => policy.command !== "insert" || policy.using === undefined, {
    path: ["using"],
    error: "must be left out for insert: a new row is judged by check",
  })
  .refine((policy) => !["select", "delete"].includes(policy.command) || policy.check === undefined, {
    path: ["check"],
    error: "must be left out for select and delete: they write no row; use using",
  });
export type RlsPolicy = z.output<typeof rlsPolicySchema>;

export const rlsPoliciesSchema = z.union(
  [z.strictObject({ preset: rlsPresetSchema }), listOf(rlsPolicySchema, ({ name }) => name)],
  { error: "must be { preset }, or an array of policies { name, command, roles, using, check }" },
);
export type RlsPolicies = z.output<typeof rlsPoliciesSchema>;

/** The columns that a preset's policies look at. */
export const presetColumn = { "own-rows": "user_id", tenant: "tenant_id", "public-read": null } as const;
