import type { EncryptionKeys, Waybill } from "@waybill/db";
import type { Logger } from "pino";
import { type Adoption, adoption } from "./adopt.ts";
import { type CodeLogin, codeLogin } from "./code.ts";
import { type OauthLogin, oauthLogin } from "./oauth.ts";
import { oauthStates } from "./oauth-state.ts";
import { sessionOpener } from "./open-session.ts";
import { type PasswordLogin, passwordLogin } from "./password.ts";

/** The ways to open a session. */
export interface Logins {
  readonly byPassword: PasswordLogin;
  readonly byCode: CodeLogin;
  readonly byOauth: OauthLogin;
  readonly adopt: Adoption;
}

export interface LoginsOptions {
  readonly waybill: Waybill;
  readonly logger: Logger;
  /** `<project>/auth/v1` */
  readonly authUrl: string;
  /** For what travels with a user while a sign-in is under way. */
  readonly keys: EncryptionKeys;
  /** Where a sign-in by OAuth may end. */
  readonly redirects: readonly string[];
}

export function createLogins({ waybill, logger, authUrl, keys, redirects }: LoginsOptions): Logins {
  const open = sessionOpener(waybill);
  return {
    byPassword: passwordLogin(waybill, open),
    byCode: codeLogin(waybill, open, logger),
    byOauth: oauthLogin({ waybill, open, states: oauthStates(keys), authUrl, redirects }),
    adopt: adoption(waybill, open),
  };
}
