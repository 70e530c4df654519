import { type AuthenticationContextOutput, transitionAuthenticationContext } from "@waybill/contracts";
import { nextState } from "./input.ts";

/** The columns of a session that is over from `at` on. Throws ILLEGAL_TRANSITION for one that is over already. */
export function endedSession(session: AuthenticationContextOutput, at: string) {
  const event = { type: "logged_out", at } as const;
  const { is_active, last_activity, expires_at } = nextState(transitionAuthenticationContext(session, event));
  return { is_active, last_activity, expires_at };
}
