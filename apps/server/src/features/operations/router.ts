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
import { grantedProcedure, signedInProcedure } from "../../trpc/procedures.ts";

const reading = signedInProcedure.meta({ seesAll: "operations.read" });
const readingAll = grantedProcedure("operations.read");

/** The records of operations (data-model.md §2): everybody sees its own by row-level security, who has the grant sees all. */
export const operationsRouter = router({
  list: reading
    .input(databaseOperationFilterSchema)
    .output(databaseOperationPageSchema)
    .query(({ ctx, input }) => ctx.services.waybill.operations.list(input, ctx.readAs())),
  get: reading
    .input(databaseOperationKeySchema)
    .output(databaseOperationDetailSchema)
    .query(({ ctx, input }) => ctx.services.waybill.operations.get(input.operation_id, ctx.readAs())),
  /** The kinds of operations that took the most time, whoever asked for them. */
  slow: readingAll
    .input(slowOperationsInputSchema)
    .output(slowOperationsSchema)
    .query(({ ctx, input }) => ctx.services.waybill.operations.slow(input)),
  /** How Postgres would run the query of one record, and what index would help. */
  advise: readingAll
    .input(databaseOperationKeySchema)
    .output(operationAdviceSchema)
    .query(({ ctx, input }) => ctx.services.waybill.operations.advise(input.operation_id)),
  /** Counts, percentiles and what is on top, of everybody's operations. */
  stats: readingAll
    .input(operationStatsInputSchema)
    .output(operationStatsSchema)
    .query(({ ctx, input }) => ctx.services.waybill.operations.stats(input)),
  /** How long records are kept, what the last upkeep of the partitions did, and who does it. */
  retention: readingAll
    .input(noInput)
    .output(operationRetentionSchema)
    .query(({ ctx }) => ctx.services.waybill.operations.retention()),
});
