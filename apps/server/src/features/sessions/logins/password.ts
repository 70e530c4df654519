import type { Session } from "@supabase/supabase-js";
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

type Credentials = Pick<z.output<typeof passwordLoginSchema>, "email" | "password">;

/** Has Supabase Auth look at a password, and open a session of its own for the right one. Throws INVALID_CREDENTIALS. */
export type PasswordCheck = (credentials: Credentials, origin: Origin) => Promise<Session>;

export function passwordCheck(waybill: Waybill): PasswordCheck {
  return async ({ email, password }) => {
    const { data, error } = await waybill.anon().auth.signInWithPassword({ email, password });
    if (error !== null) throw authError("Signing in", error);
    return data.session;
  };
}

export type PasswordLogin = (credentials: Credentials, origin: Origin) => Promise<OpenedSession>;

export function passwordLogin(check: PasswordCheck, open: SessionOpener): PasswordLogin {
  return async (credentials, origin) => open(await check(credentials, origin), origin);
}
