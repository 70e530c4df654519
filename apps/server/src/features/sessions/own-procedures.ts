import {
  authenticationContextKeySchema,
  authenticationContextOutputSchema,
  nonEmptyText,
  pageLimitSchema,
  pageOf,
  timestampSchema,
  uuidCursorSchema,
  uuidSchema,
} from "@waybill/contracts";
import { z } from "zod";
import { noInput } from "../../trpc/no-input.ts";
import { signedInProcedure } from "../../trpc/procedures.ts";
import { ended } from "./cookie-life.ts";
import { newPasswordSchema } from "./new-password.ts";

const pageInputSchema = z.strictObject({ cursor: uuidCursorSchema.optional(), limit: pageLimitSchema });

const shownSessionSchema = z.object({
  session_id: uuidSchema,
  /** `Firefox on Linux`, as far as its user agent tells. */
  device: z.string().nullable(),
  /** Of the address that it signed in from: a /24 of IPv4, a /48 of IPv6. */
  network: z.string().nullable(),
  created_at: timestampSchema,
  last_activity: timestampSchema,
  /** Whether it is the one that asks. */
  is_current: z.boolean(),
});

const endedSchema = z.object({ ended: z.int() });

const passwordsSchema = z.strictObject({ current_password: nonEmptyText(1000), new_password: newPasswordSchema });

/** What a person does about its own sessions; `revoke` is also for who may end anybody's. */
export const ownSessionProcedures = {
  mine: signedInProcedure
    .input(pageInputSchema)
    .output(pageOf(shownSessionSchema))
    .query(({ ctx, input }) => ctx.services.ownSessions.mine(ctx.caller, input)),
  revoke: signedInProcedure
    .meta({ seesAll: "sessions.revoke" })
    .input(authenticationContextKeySchema)
    .output(authenticationContextOutputSchema)
    .mutation(({ ctx, input }) => ctx.services.ownSessions.revoke(input.session_id, ctx.readAs())),
  revokeOthers: signedInProcedure
    .input(noInput)
    .output(endedSchema)
    .mutation(async ({ ctx }) => ({ ended: await ctx.services.ownSessions.revokeOthers(ctx.caller) })),
  signOutEverywhere: signedInProcedure
    .input(noInput)
    .output(endedSchema)
    .mutation(({ ctx }) =>
      ended(ctx, async () => ({ ended: await ctx.services.ownSessions.signOutEverywhere(ctx.caller) })),
    ),
  /** Ends all other sessions too. */
  changePassword: signedInProcedure
    .input(passwordsSchema)
    .output(endedSchema)
    .mutation(async ({ ctx, input }) => {
      const passwords = { current: input.current_password, next: input.new_password };
      return { ended: await ctx.services.ownSessions.changePassword(ctx.caller, passwords, ctx.origin()) };
    }),
};
