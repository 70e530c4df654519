import { authenticationContextPhase, type AuthenticationContextOutput } from "@waybill/contracts";
import type { Waybill } from "@waybill/db";
import { ApiError } from "../../trpc/api-error.ts";
import { authError } from "../../trpc/auth-error.ts";
import { byPassword } from "./ask-for-tokens.ts";
import type { Caller } from "./caller.ts";
import { deviceOf, networkOf } from "./device.ts";
import type { Origin } from "./logins/login.ts";
import type { PasswordCheck } from "./logins/password.ts";
import type { OpenSessions } from "./open-sessions.ts";
import type { SessionRefresher } from "./refresh.ts";

/** A session as its user recognizes it. */
export interface ShownSession {
  readonly session_id: string;
  readonly device: string | null;
  readonly network: string | null;
  readonly created_at: string;
  readonly last_activity: string;
  readonly is_current: boolean;
}

/** What a person does about its own sessions, and who may about another's. */
export interface OwnSessions {
  /** Those that can still be used, or refreshed. */
  mine(
    caller: Caller,
    page: { cursor?: string | undefined; limit: number },
  ): Promise<{ rows: ShownSession[]; next_cursor: string | null }>;
  /** Throws NOT_FOUND for one that `readAs` does not show; ILLEGAL_TRANSITION for one that has ended. */
  revoke(sessionId: string, readAs: ReturnType<Waybill["forUser"]> | undefined): Promise<AuthenticationContextOutput>;
  /** Ends all of the caller's sessions but the one that it calls with, here and at Supabase Auth; tells how many. */
  revokeOthers(caller: Caller): Promise<number>;
  signOutEverywhere(caller: Caller): Promise<number>;
  /** Ends all other sessions too. Throws INVALID_CREDENTIALS, VALIDATION_FAILED. */
  changePassword(caller: Caller, passwords: { current: string; next: string }, origin: Origin): Promise<number>;
}

export function createOwnSessions(
  waybill: Waybill,
  open: OpenSessions,
  { renewFrom }: Pick<SessionRefresher, "renewFrom">,
  checkPassword: PasswordCheck,
): OwnSessions {
  const endAll = async (caller: Caller, scope: "others" | "global"): Promise<number> => {
    const butNot = scope === "others" ? caller.held?.session.session_id : undefined;
    const ended = await waybill.sessions.endAll(caller.userId, butNot);
    open.forgetSessions(ended);
    // the rows are ended, which is what counts here; this ends what was opened beside Waybill
    await waybill.anon().auth.admin.signOut(caller.accessToken, scope);
    return ended.length;
  };

  return {
    async mine(caller, page) {
      const own = waybill.forUser(caller.accessToken);
      const { rows, next_cursor } = await waybill.sessions.listOfUser(caller.userId, page, own);
      const now = new Date().toISOString();
      const alive = rows.filter((session) => authenticationContextPhase(session, now) !== "logged_out");
      return { rows: alive.map((session) => shown(session, caller)), next_cursor };
    },

    async revoke(sessionId, readAs) {
      const session = await waybill.sessions.get(sessionId, readAs);
      const { access_token } = (await waybill.sessions.open(sessionId)).tokens;
      const ended = await waybill.sessions.end(session);
      open.forgetSessions([sessionId]);
      await waybill.anon().auth.admin.signOut(access_token, "local");
      return ended;
    },

    revokeOthers: (caller) => endAll(caller, "others"),
    signOutEverywhere: (caller) => endAll(caller, "global"),

    async changePassword(caller, { current, next }, origin) {
      const { email } = caller;
      if (email === null) {
        throw new ApiError({
          code: "FORBIDDEN",
          message: "This account has no e-mail address, so it has no password",
          hint: "Sign in as you did before, and add an address first.",
        });
      }
      await checkPassword({ email, password: current }, origin);
      const { error } = await waybill.service().auth.admin.updateUserById(caller.userId, { password: next });
      if (error !== null) throw authError("Changing the password", error);
      // Supabase Auth ends all sessions with the old password, the caller's own and that of the check among them
      const { held } = caller;
      const source = byPassword(waybill, { email, password: next });
      const fresh = held === null ? null : await renewFrom(source, held).catch(() => null);
      // where that fails the log tells, and the session ends with its access token: no reason to spare the others
      return endAll({ ...caller, accessToken: fresh?.tokens.access_token ?? caller.accessToken }, "others");
    },
  };
}

function shown(session: AuthenticationContextOutput, { held }: Caller): ShownSession {
  const { session_id, created_at, last_activity, user_agent, ip_address } = session;
  return {
    session_id,
    device: deviceOf(user_agent),
    network: networkOf(ip_address),
    created_at,
    last_activity,
    is_current: session_id === held?.session.session_id,
  };
}
