import {
  authenticationContextFilterSchema,
  authenticationContextOutputSchema,
  authenticationContextPageSchema,
  nonEmptyText,
  userIdSchema,
} from "@waybill/contracts";
import { z } from "zod";
import { router } from "../../trpc/init.ts";
import { grantSchema, may } from "../../trpc/permissions.ts";
import { noInput } from "../../trpc/no-input.ts";
import { publicProcedure, sessionProcedure, signedInProcedure } from "../../trpc/procedures.ts";
import { newPasswordSchema } from "./new-password.ts";
import { ownSessionProcedures } from "./own-procedures.ts";

const email = z.email({ error: "must be an e-mail address" }).max(254, { error: "must have at most 254 characters" });

const signUpInputSchema = z.strictObject({
  email,
  password: newPasswordSchema,
});

/** Looser than at sign-up: a password set under another rule must still be tried. */
const loginInputSchema = z.strictObject({ email, password: nonEmptyText(1000) });

const signUpOutputSchema = z.object({
  user_id: userIdSchema,
  email: z.string(),
  /** True when Supabase Auth has sent a mail whose link must be followed before the first login. */
  confirmation_required: z.boolean(),
});

const loginOutputSchema = z.object({
  session: authenticationContextOutputSchema,
  /** `wbs_…`: the bearer of every further call. Shown this once; the server keeps its hash only. */
  session_token: z.string(),
});

const meOutputSchema = z.object({
  user_id: userIdSchema,
  email: z.string().nullable(),
  roles: z.array(z.string()),
  /** What the caller may do beyond what every user may, by role or by name. */
  permissions: z.array(grantSchema),
  /** Null for a caller that brings a plain Supabase access token. */
  session: authenticationContextOutputSchema.nullable(),
});

/** Signing in and out (data-model.md §3). No output has a field for an access or refresh token. */
export const sessionsRouter = router({
  ...ownSessionProcedures,
  signUp: publicProcedure
    .input(signUpInputSchema)
    .output(signUpOutputSchema)
    .mutation(({ ctx, input }) => ctx.services.sessions.signUp(input)),
  login: publicProcedure
    .input(loginInputSchema)
    .output(loginOutputSchema)
    .mutation(({ ctx, input }) => ctx.services.sessions.login(input, ctx.origin())),
  refresh: sessionProcedure
    .input(noInput)
    .output(authenticationContextOutputSchema)
    .mutation(({ ctx }) => ctx.services.sessions.refresh(ctx.held)),
  logout: sessionProcedure
    .input(noInput)
    .output(authenticationContextOutputSchema)
    .mutation(({ ctx }) => ctx.services.sessions.logout(ctx.held)),
  me: signedInProcedure
    .input(noInput)
    .output(meOutputSchema)
    .query(({ ctx: { caller } }) => {
      const { userId, email, roles, held } = caller;
      const permissions = grantSchema.options.filter((grant) => may(caller, grant));
      return { user_id: userId, email, roles: [...roles], permissions, session: held?.session ?? null };
    }),
  /** The caller's own sessions, or another user's for who may see all. */
  list: signedInProcedure
    .meta({ seesAll: "sessions.read" })
    .input(authenticationContextFilterSchema)
    .output(authenticationContextPageSchema)
    .query(({ ctx, input: { user_id = ctx.caller.userId, ...filter } }) =>
      ctx.services.waybill.sessions.listOfUser(user_id, filter, ctx.readAs()),
    ),
});
