import { type AuthenticationContextOutput, authenticationContextOutputSchema } from "@waybill/contracts";
import { z } from "zod";
import { sessionCookie } from "../../../http/cookies.ts";
import type { Delivery } from "../../../trpc/delivery.ts";

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
type Deliver = z.output<typeof deliverSchema>;

export const emailSchema = z
  .email({ error: "must be an e-mail address" })
  .max(254, { error: "must have at most 254 characters" });

export const loginOutputSchema = z.object({
  session: authenticationContextOutputSchema,
  /** `wbs_…`: the bearer of every further call, unless it went into a cookie. The server keeps its hash only. */
  session_token: z.string().optional(),
});

/** How long a browser keeps the cookie after login or refresh; the session itself ends by its own rules. */
export const cookieSeconds = 30 * 86_400;

/** Opens a session and hands its token over. A token that came with the request is never taken for the new one's. */
export async function delivered(
  deliver: Deliver,
  delivery: () => Delivery,
  open: () => Promise<OpenedSession>,
): Promise<z.output<typeof loginOutputSchema>> {
  if (deliver === "token") {
    const { session, token } = await open();
    return { session, session_token: token };
  }
  const cookies = delivery();
  cookies.refuseUnlessPossible();
  const { session, token } = await open();
  cookies.set(sessionCookie, token, cookieSeconds);
  return { session };
}
