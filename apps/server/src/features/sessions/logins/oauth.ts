import { nonEmptyText } from "@waybill/contracts";
import type { Waybill } from "@waybill/db";
import { z } from "zod";
import { ApiError } from "../../../trpc/api-error.ts";
import { authError } from "../../../trpc/auth-error.ts";
import { deliverSchema, type OpenedSession, type Origin } from "./login.ts";
import type { OauthStates } from "./oauth-state.ts";
import type { SessionOpener } from "./open-session.ts";
import { allowedRedirect } from "./redirects.ts";
import { singleUse } from "./single-use.ts";

export const oauthUrlSchema = z.strictObject({
  provider: z.string().regex(/^[a-z0-9][a-z0-9_:-]{0,63}$/, { error: "must be a provider's name such as github" }),
  /** Where the browser comes back to with `?code=…`: one of WAYBILL_REDIRECTS. */
  redirect_to: nonEmptyText(2000),
  scopes: z
    .string()
    .regex(/^[\x21-\x7e]+( [\x21-\x7e]+)*$/, { error: "must be scopes parted by single blanks" })
    .max(500, { error: "must have at most 500 characters" })
    .optional(),
  deliver: deliverSchema,
});

export const oauthUrlOutputSchema = z.object({
  /** Where to send the browser. */
  url: z.string(),
  /** To be given back to `sessions.loginWithOauth`, unless it went into a cookie. Good for ten minutes. */
  state: z.string().optional(),
});

export const oauthLoginSchema = z.strictObject({
  /** What came back in the address. */
  code: nonEmptyText(2000),
  /** As `sessions.oauthUrl` gave it; a browser has it in a cookie. */
  state: nonEmptyText(2000).optional(),
  deliver: deliverSchema,
});

export interface OauthLogin {
  /** Throws VALIDATION_FAILED for an address that is not allowed. */
  url(input: Omit<z.output<typeof oauthUrlSchema>, "deliver">): { readonly url: string; readonly state: string };
  /** Throws CODE_INVALID for a code or state that is wrong, used or too old, or where they do not belong together. */
  login(code: string, state: string | null, origin: Origin): Promise<OpenedSession>;
}

export interface OauthOptions {
  readonly waybill: Waybill;
  readonly open: SessionOpener;
  readonly states: OauthStates;
  /** `<project>/auth/v1` */
  readonly authUrl: string;
  readonly redirects: readonly string[];
}

/** Sign-in by another provider through Supabase Auth, with PKCE: who has the code alone can do nothing with it. */
export function oauthLogin({ waybill, open, states, authUrl, redirects }: OauthOptions): OauthLogin {
  const once = singleUse(codeInvalid);
  return {
    url({ provider, redirect_to, scopes }) {
      const address = allowedRedirect(redirect_to, redirects);
      const { challenge, state } = states.begin();
      const url = new URL(`${authUrl}/authorize`);
      url.searchParams.set("provider", provider);
      url.searchParams.set("redirect_to", address);
      if (scopes !== undefined) url.searchParams.set("scopes", scopes);
      url.searchParams.set("code_challenge", challenge);
      url.searchParams.set("code_challenge_method", "s256");
      return { url: url.href, state };
    },

    async login(code, state, origin) {
      const verifier = state === null ? null : states.open(state);
      if (verifier === null) {
        throw new ApiError({
          code: "CODE_INVALID",
          message: "No sign-in is under way here: it was begun elsewhere, or more than ten minutes ago",
          hint: "Begin again with sessions.oauthUrl, in the same browser.",
        });
      }
      return once(code, async () => {
        const { data, error } = await waybill.anon({ codeVerifier: verifier }).auth.exchangeCodeForSession(code);
        if (error === null) return open(data.session, origin);
        throw ofTheCode.has(error.code ?? "") ? codeInvalid(error) : authError("Signing in by the provider", error);
      });
    },
  };
}

/** What Supabase Auth says of a code that is unknown, used or too old, or that another verifier belongs to. */
const ofTheCode: ReadonlySet<string> = new Set([
  "bad_code_verifier",
  "flow_state_expired",
  "flow_state_not_found",
  "validation_failed",
]);

function codeInvalid(cause?: unknown): ApiError {
  return new ApiError({ code: "CODE_INVALID", cause });
}
