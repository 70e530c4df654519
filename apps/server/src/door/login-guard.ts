import { isAuthError } from "@supabase/supabase-js";
import type { CodeLogin } from "../features/sessions/logins/code.ts";
import type { Origin } from "../features/sessions/logins/login.ts";
import type { PasswordCheck } from "../features/sessions/logins/password.ts";
import type { SignUp } from "../features/sessions/logins/sign-up.ts";
import { ApiError } from "../trpc/api-error.ts";
import { untilFloor } from "./floor.ts";
import type { LoginThrottle } from "./login-throttle.ts";
import { rateLimited } from "./rate-limits.ts";

/**
 * Around the ways in, so that they do not tell whether an account exists. A wrong password, an unknown address, a banned
 * user and a try that was not made get the same answer after the same time. Of an address that guesses at many accounts a
 * pause is told: that says nothing of any account.
 */
export interface LoginGuard {
  passwords(check: PasswordCheck): PasswordCheck;
  codes(codes: CodeLogin): CodeLogin;
  signUps(signUp: SignUp): SignUp;
}

/** @param floorMs what a failure takes at least; 0 is no floor */
export function createLoginGuard(throttle: LoginThrottle, floorMs: number): LoginGuard {
  const guarded = async <Found>(
    email: string,
    { ipAddress }: Origin,
    attempt: () => Promise<Found>,
    refusal: () => ApiError,
  ): Promise<Found> => {
    const begun = performance.now();
    const admission = await throttle.begin(email, ipAddress);
    if (admission.kind === "address pauses") {
      throw rateLimited(admission.waitMs, "This address has failed to sign in too often");
    }
    if (admission.kind === "may try") {
      const { tried } = admission;
      try {
        const found = await attempt();
        await tried.succeeded();
        return found;
      } catch (error) {
        if (!isOfAccount(error)) {
          await tried.undecided();
          throw error;
        }
      }
    }
    await untilFloor(begun, floorMs);
    throw refusal();
  };

  return {
    passwords: (check) => (credentials, origin) =>
      guarded(credentials.email, origin, () => check(credentials, origin), wrongCredentials),

    codes: (codes) => ({
      request: (email) => answeredAtFloor(codes.request(email), floorMs),
      // a link's token cannot be guessed, and names no account
      login: (code, origin) =>
        "email" in code
          ? guarded(code.email, origin, () => codes.login(code, origin), wrongCode)
          : codes.login(code, origin),
    }),

    signUps: (signUp) => async (credentials) => {
      const begun = performance.now();
      const answer = await signUp(credentials);
      // there Supabase Auth answers the same for an address that has an account, but sends it no mail
      if (answer.confirmation_required) await untilFloor(begun, floorMs);
      return answer;
    },
  };
}

/** Sending a mail takes long, and is done only where there is an account: what comes after the floor is not waited for. */
async function answeredAtFloor(request: Promise<void>, floorMs: number): Promise<void> {
  if (floorMs === 0) return request;
  const floor = untilFloor(performance.now(), floorMs);
  await Promise.all([floor, Promise.race([request, floor])]);
}

/** Supabase Auth tells of a ban before it looks at the password. */
const telling: ReadonlySet<string | undefined> = new Set(["user_banned", "user_not_found"]);

function isOfAccount(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const { cause, waybillCode } = error;
  const isWrong = waybillCode === "INVALID_CREDENTIALS" || waybillCode === "CODE_INVALID";
  return isWrong || (isAuthError(cause) && telling.has(cause.code));
}

/** Both are without the operation's id, which a try that was not made would lack; the request's id finds the record. */
function wrongCredentials(): ApiError {
  return new ApiError({
    code: "INVALID_CREDENTIALS",
    hint: "Check both and try again; after several failures wait a minute first, for until then no try counts.",
  });
}

function wrongCode(): ApiError {
  return new ApiError({
    code: "CODE_INVALID",
    hint: "Ask for a new code and type the newest one; after several failures wait a minute first, for until then no try counts.",
  });
}
