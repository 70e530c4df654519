import { nonEmptyText } from "@waybill/contracts";
import type { Waybill } from "@waybill/db";
import { z } from "zod";
import { invalidField } from "../../../trpc/api-error.ts";
import { authError } from "../../../trpc/auth-error.ts";
import { deliverSchema, type OpenedSession, type Origin } from "./login.ts";
import type { SessionOpener } from "./open-session.ts";

/**
 * Whoever held the Supabase session before should let go of it: a refresh token is good for one use, but for a retry at
 * once, and two who refresh one session end it.
 */
export const adoptSchema = z.strictObject({ refresh_token: nonEmptyText(16_384), deliver: deliverSchema });

/**
 * Takes a Supabase session over that was opened elsewhere. Throws SESSION_OVER for a token that is used up or of an ended
 * session, VALIDATION_FAILED for what is none. How often a token may be shown again is for Supabase Auth to say.
 */
export type Adoption = (refreshToken: string, origin: Origin) => Promise<OpenedSession>;

export function adoption(waybill: Waybill, open: SessionOpener): Adoption {
  return async (refresh_token, origin) => {
    const { data, error } = await waybill.anon().auth.refreshSession({ refresh_token });
    if (error === null && data.session !== null) return open(data.session, origin);
    const refusal = authError("Taking the session over", error);
    if (refusal.waybillCode !== "VALIDATION_FAILED") throw refusal;
    throw invalidField("refresh_token", "refused", "must be a refresh token as Supabase Auth gave it");
  };
}
