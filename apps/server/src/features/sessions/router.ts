import {
  authenticationContextFilterSchema,
  authenticationContextOutputSchema,
  authenticationContextPageSchema,
  userIdSchema,
} from "@waybill/contracts";
import { z } from "zod";
import { adoptSchema } from "./logins/adopt.ts";
import { codeLoginSchema, codeRequestOutputSchema, codeRequestSchema } from "./logins/code.ts";
import { delivered } from "./logins/delivered.ts";
import { loginOutputSchema } from "./logins/login.ts";
import { oauthLoginSchema, oauthUrlOutputSchema, oauthUrlSchema } from "./logins/oauth.ts";
import { stateSeconds } from "./logins/oauth-state.ts";
import { passwordLoginSchema } from "./logins/password.ts";
import { signUpOutputSchema, signUpSchema } from "./logins/sign-up.ts";
import { ended, kept } from "./cookie-life.ts";
import { oauthCookie } from "../../http/cookies.ts";
import { router } from "../../trpc/init.ts";
import { grantSchema, may } from "../../trpc/permissions.ts";
import { noInput } from "../../trpc/no-input.ts";
import { publicProcedure, sessionProcedure, signedInProcedure } from "../../trpc/procedures.ts";
import { ownSessionProcedures } from "./own-procedures.ts";

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
    .input(signUpSchema)
    .output(signUpOutputSchema)
    .mutation(({ ctx, input }) => ctx.services.logins.signUp(input)),
  login: publicProcedure
    .input(passwordLoginSchema)
    .output(loginOutputSchema)
    .mutation(({ ctx, input: { deliver, ...credentials } }) =>
      delivered(ctx, deliver, () => ctx.services.logins.byPassword(credentials, ctx.origin())),
    ),
  /** Has a mail sent with a code and a link, where the address has an account; nobody learns whether it has. */
  requestCode: publicProcedure
    .input(codeRequestSchema)
    .output(codeRequestOutputSchema)
    .mutation(async ({ ctx, input: { email } }) => {
      await ctx.services.logins.byCode.request(email);
      return { requested: true as const };
    }),
  loginWithCode: publicProcedure
    .input(codeLoginSchema)
    .output(loginOutputSchema)
    .mutation(({ ctx, input }) =>
      delivered(ctx, input.deliver, () => ctx.services.logins.byCode.login(input, ctx.origin())),
    ),
  /** The address that begins a sign-in by another provider. */
  oauthUrl: publicProcedure
    .input(oauthUrlSchema)
    .output(oauthUrlOutputSchema)
    .mutation(({ ctx, input: { deliver, ...input } }) => {
      if (deliver === "token") return ctx.services.logins.byOauth.url(input);
      const cookies = ctx.delivery();
      cookies.refuseUnlessPossible();
      const { url, state } = ctx.services.logins.byOauth.url(input);
      cookies.set(oauthCookie, state, stateSeconds);
      return { url };
    }),
  loginWithOauth: publicProcedure
    .input(oauthLoginSchema)
    .output(loginOutputSchema)
    .mutation(async ({ ctx, input: { deliver, code, state } }) => {
      const carried = state ?? ctx.delivery().read(oauthCookie);
      const { byOauth } = ctx.services.logins;
      const answer = await delivered(ctx, deliver, () => byOauth.login(code, carried, ctx.origin()));
      if (deliver === "cookie") ctx.delivery().clear(oauthCookie);
      return answer;
    }),
  adopt: publicProcedure
    .input(adoptSchema)
    .output(loginOutputSchema)
    .mutation(({ ctx, input: { deliver, refresh_token } }) =>
      delivered(ctx, deliver, () => ctx.services.logins.adopt(refresh_token, ctx.origin())),
    ),
  refresh: sessionProcedure
    .input(noInput)
    .output(authenticationContextOutputSchema)
    .mutation(({ ctx }) => kept(ctx, () => ctx.services.sessions.refresh(ctx.held))),
  logout: sessionProcedure
    .input(noInput)
    .output(authenticationContextOutputSchema)
    .mutation(({ ctx }) => ended(ctx, () => ctx.services.sessions.logout(ctx.held))),
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
