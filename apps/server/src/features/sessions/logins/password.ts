import { nonEmptyText } from "@waybill/contracts";
import type { Waybill } from "@waybill/db";
import { z } from "zod";
import { authError } from "../../../trpc/auth-error.ts";
import { deliverSchema, emailSchema, type OpenedSession, type Origin } from "./login.ts";
import type { SessionOpener } from "./open-session.ts";

/** Looser than at sign-up: a password set under another rule must still be tried. */
export const passwordLoginSchema = z.strictObject({
  email: emailSchema,
  password: nonEmptyText(1000),
  deliver: deliverSchema,
});

/** Throws INVALID_CREDENTIALS. */
export type PasswordLogin = (
  input: Pick<z.output<typeof passwordLoginSchema>, "email" | "password">,
  origin: Origin,
) => Promise<OpenedSession>;

export function passwordLogin(waybill: Waybill, open: SessionOpener): PasswordLogin {
  return async ({ email, password }, origin) => {
    const { data, error } = await waybill.anon().auth.signInWithPassword({ email, password });
    if (error !== null) throw authError("Signing in", error);
    return open(data.session, origin);
  };
}
