import { userIdSchema } from "@waybill/contracts";
import type { Waybill } from "@waybill/db";
import { z } from "zod";
import { authError } from "../../../trpc/auth-error.ts";
import { newPasswordSchema } from "../new-password.ts";
import { emailSchema } from "./login.ts";

export const signUpSchema = z.strictObject({ email: emailSchema, password: newPasswordSchema });

export const signUpOutputSchema = z.object({
  user_id: userIdSchema,
  email: z.string(),
  /** True when Supabase Auth has sent a mail whose link must be followed before the first login. */
  confirmation_required: z.boolean(),
});

/** Throws UNIQUE_VIOLATION for an address that has an account, where the project tells. */
export type SignUp = (input: z.output<typeof signUpSchema>) => Promise<z.output<typeof signUpOutputSchema>>;

export function signUp(waybill: Waybill): SignUp {
  return async ({ email, password }) => {
    const { data, error } = await waybill.anon().auth.signUp({ email, password });
    if (error !== null || data.user === null) throw authError("Signing up", error);
    return { user_id: data.user.id, email: data.user.email ?? email, confirmation_required: data.session === null };
  };
}
