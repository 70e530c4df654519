import type { EncryptionKeys, Waybill } from "@waybill/db";
import type { Logger } from "pino";
import type { LoginGuard } from "../../../door/login-guard.ts";
import { type Adoption, adoption } from "./adopt.ts";
import { type CodeLogin, codeLogin } from "./code.ts";
import { type OauthLogin, oauthLogin } from "./oauth.ts";
import { oauthStates } from "./oauth-state.ts";
import { sessionOpener } from "./open-session.ts";
import { type PasswordCheck, passwordCheck, type PasswordLogin, passwordLogin } from "./password.ts";
import { type SignUp, signUp } from "./sign-up.ts";

/** The ways in. */
export interface Logins {
  readonly signUp: SignUp;
  /** The password alone, for who is signed in and must show that it is the user who asks. */
  readonly checkPassword: PasswordCheck;
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
  readonly guard: LoginGuard;
}

export function createLogins({ waybill, logger, authUrl, keys, redirects, guard }: LoginsOptions): Logins {
  const open = sessionOpener(waybill);
  const checkPassword = guard.passwords(passwordCheck(waybill));
  return {
    signUp: guard.signUps(signUp(waybill)),
    checkPassword,
    byPassword: passwordLogin(checkPassword, open),
    byCode: guard.codes(codeLogin(waybill, open, logger)),
    byOauth: oauthLogin({ waybill, open, states: oauthStates(keys), authUrl, redirects }),
    adopt: adoption(waybill, open),
  };
}
