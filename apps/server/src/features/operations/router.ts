import {
  databaseOperationDetailSchema,
  databaseOperationFilterSchema,
  databaseOperationKeySchema,
  databaseOperationPageSchema,
} from "@waybill/contracts";
import { router } from "../../trpc/init.ts";
import { signedInProcedure } from "../../trpc/procedures.ts";

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
});
