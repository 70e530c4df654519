import {
  databaseOperationDetailSchema,
  databaseOperationFilterSchema,
  databaseOperationKeySchema,
  databaseOperationPageSchema,
  operationAdviceSchema,
  operationRetentionSchema,
  operationStatsInputSchema,
  operationStatsSchema,
  slowOperationsInputSchema,
  slowOperationsSchema,
} from "@waybill/contracts";
import { router } from "../../trpc/init.ts";
import { noInput } from "../../trpc/no-input.ts";
import { adminProcedure, signedInProcedure } from "../../trpc/procedures.ts";

/** The records of operations (data-model.md §2): an admin reads all, everybody else its own by row-level security. */
export const operationsRouter = router({
  list: signedInProcedure
    .input(databaseOperationFilterSchema)
    .output(databaseOperationPageSchema)
    .query(({ ctx, input }) => ctx.services.waybill.operations.list(input, ctx.readAs())),
  get: signedInProcedure
    .input(databaseOperationKeySchema)
    .output(databaseOperationDetailSchema)
    .query(({ ctx, input }) => ctx.services.waybill.operations.get(input.operation_id, ctx.readAs())),
  /** The kinds of operations that took the most time, whoever asked for them. */
  slow: adminProcedure
    .input(slowOperationsInputSchema)
    .output(slowOperationsSchema)
    .query(({ ctx, input }) => ctx.services.waybill.operations.slow(input)),
  /** How Postgres would run the query of one record, and what index would help. */
  advise: adminProcedure
    .input(databaseOperationKeySchema)
    .output(operationAdviceSchema)
    .query(({ ctx, input }) => ctx.services.waybill.operations.advise(input.operation_id)),
  /** Counts, percentiles and what is on top, of everybody's operations. */
  stats: adminProcedure
    .input(operationStatsInputSchema)
    .output(operationStatsSchema)
    .query(({ ctx, input }) => ctx.services.waybill.operations.stats(input)),
  /** How long records are kept, what the last upkeep of the partitions did, and who does it. */
  retention: adminProcedure
    .input(noInput)
    .output(operationRetentionSchema)
    .query(({ ctx }) => ctx.services.waybill.operations.retention()),
});
