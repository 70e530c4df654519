import type { AuthError } from "@supabase/supabase-js";
import { nonEmptyText } from "@waybill/contracts";
import type { Waybill } from "@waybill/db";
import type { Logger } from "pino";
import { z } from "zod";
import { ApiError } from "../../../trpc/api-error.ts";
import { authError } from "../../../trpc/auth-error.ts";
import { deliverSchema, emailSchema, type OpenedSession, type Origin } from "./login.ts";
import type { SessionOpener } from "./open-session.ts";
import { singleUse } from "./single-use.ts";

export const codeRequestSchema = z.strictObject({ email: emailSchema });

/** Always the same, whether there is such an account or not. */
export const codeRequestOutputSchema = z.object({ requested: z.literal(true) });

/** What a mail of Supabase Auth holds: digits, which go with the address, or in its link the hash of a token. */
export const codeLoginSchema = z.union(
  [
    z.strictObject({
      email: emailSchema,
      code: z.string().regex(/^\d{6,10}$/, { error: "must be the six digits of the mail" }),
      deliver: deliverSchema,
    }),
    z.strictObject({ token_hash: nonEmptyText(512), deliver: deliverSchema }),
  ],
  { error: "must be email and code (the six digits of the mail), or the token_hash of its link" },
);
type Code = z.output<typeof codeLoginSchema>;

export interface CodeLogin {
  /** Has a mail sent with a code and a link, where the address has an account. */
  request(email: string): Promise<void>;
  /** Throws CODE_INVALID for a code that is wrong, used or too old. */
  login(code: Code, origin: Origin): Promise<OpenedSession>;
}

export function codeLogin(waybill: Waybill, open: SessionOpener, logger: Logger): CodeLogin {
  const once = singleUse(codeInvalid);
  return {
    async request(email) {
      const options = { shouldCreateUser: false };
      const { error } = await waybill.anon().auth.signInWithOtp({ email, options });
      if (error === null) return;
      if (saysNothingOfTheAccount(error)) throw authError("Asking for a code", error);
      logger.info({ code: error.code, status: error.status }, "Supabase Auth sent no mail with a code");
    },

    login: (code, origin) =>
      once(JSON.stringify("email" in code ? [code.email.toLowerCase(), code.code] : [code.token_hash]), async () => {
        const { data, error } = await waybill
          .anon()
          .auth.verifyOtp(
            "email" in code
              ? { email: code.email, token: code.code, type: "email" }
              : { token_hash: code.token_hash, type: "email" },
          );
        if (error === null && data.session !== null) return open(data.session, origin);
        throw isOfTheCode(error) ? codeInvalid(error) : authError("Signing in by the code", error);
      }),
  };
}

/** Everything else would tell who has an account: a limit for each address, a mail that could not be sent. */
function saysNothingOfTheAccount({ status = 0, code = "" }: AuthError): boolean {
  const ofTheRequest = ["over_request_rate_limit", "email_address_invalid", "validation_failed", "captcha_failed"];
  const isGateway = status === 0 || (status >= 502 && status <= 504);
  return isGateway || ofTheRequest.includes(code) || code === "email_provider_disabled";
}

/** Auth says `otp_expired` for any code that does not fit, and other things of what is no code of its own. */
function isOfTheCode(error: AuthError | null): boolean {
  const ofTheCode = ["otp_expired", "validation_failed", "user_not_found"];
  return error !== null && ofTheCode.includes(error.code ?? "");
}

function codeInvalid(cause?: unknown): ApiError {
  return new ApiError({ code: "CODE_INVALID", cause });
}
