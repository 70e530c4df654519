import {
  supabaseClientDetailSchema,
  supabaseClientFilterSchema,
  supabaseClientKeySchema,
  supabaseClientOutputSchema,
  supabaseClientPageSchema,
  supabaseClientRegisterSchema,
} from "@waybill/contracts";
import { z } from "zod";
import { router } from "../../trpc/init.ts";
import { grantedProcedure } from "../../trpc/procedures.ts";

const reading = grantedProcedure("clients.read");
const managing = grantedProcedure("clients.manage");

/** The connections to Supabase and their state (data-model.md §1). */
export const clientsRouter = router({
  list: reading
    .input(supabaseClientFilterSchema)
    .output(supabaseClientPageSchema)
    .query(({ ctx, input }) => ctx.services.waybill.clients.list(input)),
  get: reading
    .input(supabaseClientKeySchema)
    .output(supabaseClientDetailSchema)
    .query(({ ctx, input }) => ctx.services.waybill.clients.get(input.client_id)),
  /** Adds a client of this or another project, which this process then runs. Its key is stored encrypted and never shown. */
  register: managing
    .input(supabaseClientRegisterSchema)
    .output(supabaseClientOutputSchema)
    .mutation(({ ctx, input }) => ctx.services.waybill.clients.register(input)),
  /** Takes a client out of use, until a person reconnects it. */
  deactivate: managing
    .input(supabaseClientKeySchema)
    .output(supabaseClientOutputSchema)
    .mutation(({ ctx, input }) => ctx.services.waybill.clients.deactivate(input.client_id)),
  /** Removes a client that is not in use, and every record of its operations. */
  remove: managing
    .input(supabaseClientKeySchema)
    .output(z.object({ removed: z.literal(true) }))
    .mutation(async ({ ctx, input }) => {
      await ctx.services.waybill.clients.remove(input.client_id);
      return { removed: true } as const;
    }),
  /** Asks Supabase now instead of waiting for the next probe; starts a registered client that no process runs. */
  reconnect: managing
    .input(supabaseClientKeySchema)
    .output(z.object({ connected: z.boolean() }))
    .mutation(async ({ ctx, input }) => {
      return { connected: await ctx.services.waybill.clients.reconnect(input.client_id) };
    }),
});
