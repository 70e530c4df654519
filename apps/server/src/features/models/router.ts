import {
  dataModelCreateSchema,
  dataModelFilterSchema,
  dataModelHistorySchema,
  dataModelKeySchema,
  dataModelOutputSchema,
  dataModelPageSchema,
  dataModelUpdateSchema,
  dataModelVersionPageSchema,
  modelCheckSchema,
  modelDriftInputSchema,
  modelDriftSchema,
  modelImportInputSchema,
  modelImportOutputSchema,
  modelMigrateInputSchema,
  modelMigrateOutputSchema,
  modelMigrationFilterSchema,
  modelMigrationPageSchema,
  modelNameSchema,
  modelPlanInputSchema,
  modelPlanSchema,
  modelPurgeInputSchema,
  modelUsageInputSchema,
  modelUsageSchema,
  modelValidateInputSchema,
  modelNoticeSchema,
  modelValidateOutputSchema,
  modelWatchInputSchema,
  semverSchema,
} from "@waybill/contracts";
import { z } from "zod";
import { diffSchema } from "./versions.ts";
import { router } from "../../trpc/init.ts";
import { grantedProcedure, signedInProcedure } from "../../trpc/procedures.ts";
import { streamOf } from "../../trpc/stream-of.ts";

/** The version that the caller has seen: if it is no longer the current one, nothing is written (VERSION_CONFLICT). */
const updateInputSchema = z.strictObject({
  model_name: modelNameSchema,
  expected_version: semverSchema,
  changes: dataModelUpdateSchema,
});
const diffInputSchema = z.strictObject({
  model_name: modelNameSchema,
  from: semverSchema,
  to: semverSchema.optional(),
});
const nameSchema = z.strictObject({ model_name: modelNameSchema });

const managing = grantedProcedure("models.manage");

/** The registry of data models (data-model.md §4). */
export const modelsRouter = router({
  list: signedInProcedure
    .meta({ seesAll: "models.read", revalidates: true })
    .input(dataModelFilterSchema)
    .output(dataModelPageSchema)
    .query(({ ctx, input }) => ctx.services.waybill.models.list(input, ctx.readAs())),
  get: signedInProcedure
    .meta({ seesAll: "models.read", revalidates: true })
    .input(dataModelKeySchema)
    .output(dataModelOutputSchema)
    .query(({ ctx, input }) => ctx.services.waybill.models.get(input, ctx.readAs())),
  /** Every version that it ever had, also of a deprecated model. */
  history: grantedProcedure("models.read")
    .input(dataModelHistorySchema)
    .output(dataModelVersionPageSchema)
    .query(({ ctx, input }) => ctx.services.waybill.models.history(input)),
  /** In words, from one version to another or to the current one. */
  diff: grantedProcedure("models.read")
    .input(diffInputSchema)
    .output(diffSchema)
    .query(({ ctx, input }) => ctx.services.models.diff(input.model_name, input.from, input.to)),
  /** Who uses which version and which of its columns: what a breaking change would meet. */
  usage: grantedProcedure("operations.read")
    .input(modelUsageInputSchema)
    .output(modelUsageSchema)
    .query(({ ctx, input }) => ctx.services.waybill.models.usage(input)),
  /** Each of these models as it is in force, and again whenever that changes, in whichever process. */
  watch: signedInProcedure
    .meta({ seesAll: "models.read" })
    .input(modelWatchInputSchema)
    .output(streamOf(modelNoticeSchema))
    .subscription(({ ctx, input, signal }) => ctx.services.modelWatches.watch(ctx, input.models, signal)),
  /** Holds a row against its model without writing it: a query that may also be sent by POST, as rows can be long. */
  validate: signedInProcedure
    .input(modelValidateInputSchema)
    .output(modelValidateOutputSchema)
    .query(({ ctx, input }) => ctx.services.rowValidation.validate(ctx, input)),
  /** What create or update would refuse, and what is most likely not meant; stores nothing. */
  check: managing
    .input(dataModelCreateSchema)
    .output(modelCheckSchema)
    .mutation(({ ctx, input }) => ctx.services.definitions.check(input, ctx.caller.userId)),
  create: managing
    .input(dataModelCreateSchema)
    .output(dataModelOutputSchema)
    .mutation(({ ctx, input }) => ctx.services.models.create(input, ctx.caller.userId)),
  update: managing
    .input(updateInputSchema)
    .output(dataModelOutputSchema)
    .mutation(({ ctx, input }) => ctx.services.models.update(input, ctx.caller.userId)),
  deprecate: managing
    .input(nameSchema)
    .output(dataModelOutputSchema)
    .mutation(({ ctx, input }) => ctx.services.models.deprecate(input.model_name)),
  reactivate: managing
    .input(nameSchema)
    .output(dataModelOutputSchema)
    .mutation(({ ctx, input }) => ctx.services.models.reactivate(input.model_name)),
  /** Existing tables as drafts that `create` takes, with notes on what a model cannot say. Writes nothing. */
  import: managing
    .input(modelImportInputSchema)
    .output(modelImportOutputSchema)
    .query(({ ctx, input }) => ctx.services.modelImports.import(input)),
  /** How a model's table differs from what was applied. */
  drift: managing
    .input(modelDriftInputSchema)
    .output(modelDriftSchema)
    .query(({ ctx, input }) => ctx.services.modelImports.drift(input.model_name)),
  /** Finds, tries out and proves the statements that bring tables to what is declared, and those that lead back. */
  plan: managing
    .input(modelPlanInputSchema)
    .output(modelPlanSchema)
    .mutation(({ ctx, input }) => ctx.services.modelMigrations.plan(input, ctx.caller.userId)),
  /** Makes exactly what a plan has shown, in one transaction. */
  migrate: managing
    .input(modelMigrateInputSchema)
    .output(modelMigrateOutputSchema)
    .mutation(({ ctx, input }) => ctx.services.modelMigrations.migrate(input, ctx.caller.userId)),
  /** Takes an applied plan back, with the data that it had dropped. */
  rollback: managing
    .input(modelMigrateInputSchema)
    .output(modelMigrateOutputSchema)
    .mutation(({ ctx, input }) => ctx.services.modelMigrations.rollback(input, ctx.caller.userId)),
  /** Drops for good what a plan has dropped and kept aside. */
  purge: managing
    .input(modelPurgeInputSchema)
    .output(z.strictObject({}))
    .mutation(async ({ ctx, input }) => {
      await ctx.services.modelMigrations.purge(input.fingerprint, ctx.caller.userId);
      return {};
    }),
  /** What was planned, and what became of it. */
  migrations: grantedProcedure("models.read")
    .input(modelMigrationFilterSchema)
    .output(modelMigrationPageSchema)
    .query(({ ctx, input }) => ctx.services.waybill.modelMigrations.list(input)),
});
