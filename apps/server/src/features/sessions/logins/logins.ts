import type { Waybill } from "@waybill/db";
import type { Logger } from "pino";
import { type Adoption, adoption } from "./adopt.ts";
import { type CodeLogin, codeLogin } from "./code.ts";
import { sessionOpener } from "./open-session.ts";
import { type PasswordLogin, passwordLogin } from "./password.ts";

/** The ways to open a session. */
export interface Logins {
  readonly byPassword: PasswordLogin;
  readonly byCode: CodeLogin;
  readonly adopt: Adoption;
}

export function createLogins(waybill: Waybill, logger: Logger): Logins {
  const open = sessionOpener(waybill);
  return {
    byPassword: passwordLogin(waybill, open),
    byCode: codeLogin(waybill, open, logger),
    adopt: adoption(waybill, open),
  };
}
