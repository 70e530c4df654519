import {
  dataAggregateInputSchema,
  dataAggregateOutputSchema,
  dataBatchOutputSchema,
  dataCountInputSchema,
  dataCountOutputSchema,
  dataCreateInputSchema,
  dataCreateManyInputSchema,
  dataGetInputSchema,
  dataListInputSchema,
  dataListOutputSchema,
  dataRemoveInputSchema,
  dataRowSchema,
  dataUpdateInputSchema,
  dataUpdateManyInputSchema,
  dataUpsertInputSchema,
} from "@waybill/contracts";
import { router } from "../../trpc/init.ts";
import { signedInProcedure } from "../../trpc/procedures.ts";

/** Rows of the registered, active models, under the caller's row-level security. */
export const dataRouter = router({
  list: signedInProcedure
    .meta({ revalidates: true })
    .input(dataListInputSchema)
    .output(dataListOutputSchema)
    .query(({ ctx, input }) => ctx.services.data.list(ctx, input)),
  get: signedInProcedure
    .meta({ revalidates: true })
    .input(dataGetInputSchema)
    .output(dataRowSchema)
    .query(({ ctx, input }) => ctx.services.data.get(ctx, input)),
  count: signedInProcedure
    .input(dataCountInputSchema)
    .output(dataCountOutputSchema)
    .query(({ ctx, input }) => ctx.services.data.count(ctx, input)),
  aggregate: signedInProcedure
    .input(dataAggregateInputSchema)
    .output(dataAggregateOutputSchema)
    .query(({ ctx, input }) => ctx.services.data.aggregate(ctx, input)),
  create: signedInProcedure
    .input(dataCreateInputSchema)
    .output(dataRowSchema)
    .mutation(({ ctx, input }) => ctx.services.data.create(ctx, input)),
  createMany: signedInProcedure
    .input(dataCreateManyInputSchema)
    .output(dataBatchOutputSchema)
    .mutation(({ ctx, input }) => ctx.services.data.createMany(ctx, input)),
  upsert: signedInProcedure
    .input(dataUpsertInputSchema)
    .output(dataRowSchema)
    .mutation(({ ctx, input }) => ctx.services.data.upsert(ctx, input)),
  update: signedInProcedure
    .input(dataUpdateInputSchema)
    .output(dataRowSchema)
    .mutation(({ ctx, input }) => ctx.services.data.update(ctx, input)),
  updateMany: signedInProcedure
    .input(dataUpdateManyInputSchema)
    .output(dataBatchOutputSchema)
    .mutation(({ ctx, input }) => ctx.services.data.updateMany(ctx, input)),
  /** Answers with the row as it was. */
  remove: signedInProcedure
    .input(dataRemoveInputSchema)
    .output(dataRowSchema)
    .mutation(({ ctx, input }) => ctx.services.data.remove(ctx, input)),
});
