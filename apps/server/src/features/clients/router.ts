import {
  supabaseClientFilterSchema,
  supabaseClientKeySchema,
  supabaseClientOutputSchema,
  supabaseClientPageSchema,
} from "@waybill/contracts";
import { router } from "../../trpc/init.ts";
import { adminProcedure } from "../../trpc/procedures.ts";

/** The connections to Supabase and their state (data-model.md §1). */
export const clientsRouter = router({
  list: adminProcedure
    .input(supabaseClientFilterSchema)
    .output(supabaseClientPageSchema)
    .query(({ ctx, input }) => ctx.services.waybill.clients.list(input)),
  get: adminProcedure
    .input(supabaseClientKeySchema)
    .output(supabaseClientOutputSchema)
    .query(({ ctx, input }) => ctx.services.waybill.clients.get(input.client_id)),
});
