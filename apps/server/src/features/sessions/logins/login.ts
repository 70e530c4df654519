import { type AuthenticationContextOutput, authenticationContextOutputSchema } from "@waybill/contracts";
import { z } from "zod";

/** From where a session is opened. */
export interface Origin {
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
}

/** A session that was just opened, with the token that its owner is shown this once. */
export interface OpenedSession {
  readonly session: AuthenticationContextOutput;
  readonly token: string;
}

/** What a login asks of `deliver`: the token in the answer, or in a cookie that no script can read. */
export const deliverSchema = z.enum(["token", "cookie"], { error: "must be token or cookie" }).default("token");
export type Deliver = z.output<typeof deliverSchema>;

export const emailSchema = z
  .email({ error: "must be an e-mail address" })
  .max(254, { error: "must have at most 254 characters" });

export const loginOutputSchema = z.object({
  session: authenticationContextOutputSchema,
  /** `wbs_…`: the bearer of every further call, unless it went into a cookie. The server keeps its hash only. */
  session_token: z.string().optional(),
});
