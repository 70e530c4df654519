import {
  supabaseClientFilterSchema,
  supabaseClientKeySchema,
  supabaseClientOutputSchema,
  supabaseClientPageSchema,
} from "@waybill/contracts";
import { z } from "zod";
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
  /** Asks Supabase now instead of waiting for the next probe; only the process that runs the client can. */
  reconnect: adminProcedure
    .input(supabaseClientKeySchema)
    .output(z.object({ connected: z.boolean() }))
    .mutation(async ({ ctx, input }) => {
      return { connected: await ctx.services.waybill.connection(input.client_id).reconnect() };
    }),
});
