import type { AuthenticationContextRow } from "./authentication-context.ts";
import { addMicroseconds, compareTimestamps, earlierTimestamp, laterTimestamp } from "./primitives.ts";
import { defineMachine, type EventOf } from "./state-machine.ts";

/** The part of a row that events change. No token is in it: a refusal carries its state into logs and answers. */
export type AuthenticationContextState = Pick<AuthenticationContextRow, "is_active" | "expires_at" | "last_activity">;

interface Moment {
  /** When it happens: decides whether the session is past its expiry. */
  readonly at: string;
}

interface AuthenticationContextEvents {
  login: Moment & { readonly expires_at: string };
  activity: Moment;
  token_refreshed: Moment & { readonly expires_at: string };
  /** The session is over for good: signed out, revoked, idle too long, or its refresh token was refused. */
  logged_out: Moment;
  expired: Moment;
}
export type AuthenticationContextEvent = EventOf<AuthenticationContextEvents>;

/** due: past its expiry, but no job has been there yet. Only a refresh leads on from due and expired. */
export type AuthenticationContextPhase = "active" | "due" | "expired" | "logged_out";

/**
 * What a row's columns say at a moment. An active session is used before it expires only, so an inactive one whose
 * last activity is not before its expiry was logged out: logout sets both to its moment (docs/decisions/states.md).
 */
export function authenticationContextPhase(state: AuthenticationContextState, at: string): AuthenticationContextPhase {
  if (state.is_active) return compareTimestamps(at, state.expires_at) < 0 ? "active" : "due";
  return compareTimestamps(state.last_activity, state.expires_at) < 0 ? "expired" : "logged_out";
}

/** Whether nobody used it for so long that it is over: then `logged_out` is what follows (docs/decisions/states.md). */
export function isIdle(state: AuthenticationContextState, at: string, idleMs: number): boolean {
  return Date.parse(at) - Date.parse(state.last_activity) >= idleMs;
}

const active = (state: AuthenticationContextState, event: Moment): AuthenticationContextState => ({
  ...state,
  last_activity: laterTimestamp(state.last_activity, event.at),
});

const refreshed = (state: AuthenticationContextState, event: Moment & { readonly expires_at: string }) => {
  const soonest = laterTimestamp(state.last_activity, event.at);
  if (compareTimestamps(event.expires_at, soonest) <= 0) return null;
  return { ...state, is_active: true, expires_at: event.expires_at };
};

const loggedOut = (state: AuthenticationContextState, event: Moment): AuthenticationContextState => {
  // After the last activity even where the clock stepped back: expires_at must stay after created_at.
  const at = laterTimestamp(event.at, addMicroseconds(state.last_activity, 1));
  return { is_active: false, last_activity: at, expires_at: earlierTimestamp(state.expires_at, at) };
};

const expired = (state: AuthenticationContextState): AuthenticationContextState => ({ ...state, is_active: false });

/** The next state of a session, or `ILLEGAL_TRANSITION` (data-model.md §3). Pure; `null` stands for no row yet. */
export const transitionAuthenticationContext = defineMachine<
  AuthenticationContextState,
  AuthenticationContextPhase,
  AuthenticationContextEvents
>({
  entity: "AuthenticationContext",
  phaseOf: (state, event) => authenticationContextPhase(state, event.at),
  birth: {
    login: (event) =>
      compareTimestamps(event.expires_at, event.at) > 0
        ? { is_active: true, expires_at: event.expires_at, last_activity: event.at }
        : null,
    activity: null,
    token_refreshed: null,
    logged_out: null,
    expired: null,
  },
  table: {
    active: { login: null, activity: active, token_refreshed: refreshed, logged_out: loggedOut, expired: null },
    due: { login: null, activity: null, token_refreshed: refreshed, logged_out: loggedOut, expired },
    expired: { login: null, activity: null, token_refreshed: refreshed, logged_out: loggedOut, expired: null },
    logged_out: { login: null, activity: null, token_refreshed: null, logged_out: null, expired: null },
  },
});
