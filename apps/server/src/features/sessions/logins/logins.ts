import type { Waybill } from "@waybill/db";
import { type Adoption, adoption } from "./adopt.ts";
import { sessionOpener } from "./open-session.ts";
import { type PasswordLogin, passwordLogin } from "./password.ts";

/** The ways to open a session. */
export interface Logins {
  readonly byPassword: PasswordLogin;
  readonly adopt: Adoption;
}

export function createLogins(waybill: Waybill): Logins {
  const open = sessionOpener(waybill);
  return { byPassword: passwordLogin(waybill, open), adopt: adoption(waybill, open) };
}
