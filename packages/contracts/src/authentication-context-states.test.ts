import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AuthenticationContextEvent,
  authenticationContextPhase as phase,
  type AuthenticationContextState,
  isIdle,
  transitionAuthenticationContext as transition,
} from "./authentication-context-states.ts";
import { addMicroseconds, compareTimestamps } from "./primitives.ts";

const start = "2026-11-22T10:00:00.000000Z";
const minute = 60_000_000;
const at = (minutes: number): string => addMicroseconds(start, minutes * minute);

const active: AuthenticationContextState = { is_active: true, expires_at: at(60), last_activity: at(10) };
const expired: AuthenticationContextState = { ...active, is_active: false };
const loggedOut: AuthenticationContextState = { is_active: false, expires_at: at(20), last_activity: at(20) };

const eventAt = (time: string): AuthenticationContextEvent[] => [
  { type: "login", at: time, expires_at: at(600) },
  { type: "activity", at: time },
  { type: "token_refreshed", at: time, expires_at: at(600) },
  { type: "logged_out", at: time },
  { type: "expired", at: time },
];

function legal(state: AuthenticationContextState | null, time: string): string[] {
  return eventAt(time)
    .filter((event) => transition(state, event).ok)
    .map((event) => event.type);
}

function reach(
  state: AuthenticationContextState | null,
  event: AuthenticationContextEvent,
): AuthenticationContextState {
  const result = transition(state, event);
  if (!result.ok) throw new Error(result.message);
  return result.state;
}

describe("transitionAuthenticationContext", () => {
  it("takes exactly the events that the table names", () => {
    expect(legal(null, at(0))).toEqual(["login"]);
    expect(legal(active, at(30))).toEqual(["activity", "token_refreshed", "logged_out"]);
    expect(legal(active, at(60)), "past its expiry, no job has been there yet").toEqual([
      "token_refreshed",
      "logged_out",
      "expired",
    ]);
    expect(legal(expired, at(90))).toEqual(["token_refreshed", "logged_out"]);
    expect(legal(loggedOut, at(30))).toEqual([]);
    expect(legal(loggedOut, at(90)), "also once its token would have expired").toEqual([]);
  });

  it("names entity, state and event in a refusal, and holds no token", () => {
    const event = { type: "activity", at: at(30) } as const;
    expect(transition(loggedOut, event)).toEqual({
      ok: false,
      code: "ILLEGAL_TRANSITION",
      entity: "AuthenticationContext",
      state: loggedOut,
      event,
      message: "AuthenticationContext is logged_out: the event activity is not possible there",
    });
  });

  it("begins active, and not with a token that is expired already", () => {
    expect(reach(null, { type: "login", at: at(0), expires_at: at(60) })).toEqual({
      is_active: true,
      expires_at: at(60),
      last_activity: at(0),
    });
    expect(transition(null, { type: "login", at: at(0), expires_at: at(0) }).ok).toBe(false);
  });

  it("moves last_activity forwards only", () => {
    expect(reach(active, { type: "activity", at: at(30) }).last_activity).toBe(at(30));
    expect(reach(active, { type: "activity", at: at(5) }).last_activity).toBe(at(10));
  });

  it("brings an expired session back by a refresh to a later expiry only", () => {
    const refresh = { type: "token_refreshed", at: at(90) } as const;
    expect(reach(expired, { ...refresh, expires_at: at(150) })).toEqual({
      ...expired,
      is_active: true,
      expires_at: at(150),
    });
    expect(transition(expired, { ...refresh, expires_at: at(90) }).ok).toBe(false);
  });

  it("tells a logged-out session from an expired one by its row alone, at any later time", () => {
    const out = reach(active, { type: "logged_out", at: at(30) });
    const outLate = reach(expired, { type: "logged_out", at: at(90) });
    const outAtOnce = reach({ ...active, last_activity: at(0) }, { type: "logged_out", at: at(-5) });
    for (const time of [at(31), at(61), at(100_000)]) {
      expect(phase(out, time)).toBe("logged_out");
      expect(phase(outLate, time)).toBe("logged_out");
      expect(phase(outAtOnce, time)).toBe("logged_out");
      expect(phase(expired, time)).toBe("expired");
    }
    expect(compareTimestamps(outAtOnce.expires_at, at(0)), "stays after created_at").toBeGreaterThan(0);
  });

  it("stays within its states whatever happens: once logged out for ever out, never active past its expiry", () => {
    const anyEvent = fc
      .record({
        type: fc.constantFrom("login", "activity", "token_refreshed", "logged_out", "expired"),
        minutes: fc.integer({ min: -10, max: 300 }),
        more: fc.integer({ min: -30, max: 120 }),
      })
      .map(({ type, minutes, more }) => ({ type, at: at(minutes), expires_at: at(minutes + more) }) as const);
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), (steps) => {
        let state: AuthenticationContextState | null = null;
        let over = false;
        for (const event of steps) {
          const result = transition(state, event);
          if (!result.ok) continue;
          expect(over, "nothing may follow a logout").toBe(false);
          state = result.state;
          over = event.type === "logged_out";
          const inTime = compareTimestamps(state.expires_at, state.last_activity) > 0;
          expect(inTime || !state.is_active).toBe(true);
          expect(phase(state, event.at) === "logged_out").toBe(over);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("isIdle", () => {
  it("counts from the last activity, not from a refresh, and holds from its last moment on", () => {
    const hour = 3_600_000;
    expect(isIdle({ ...active, expires_at: at(600) }, at(69), hour)).toBe(false);
    expect(isIdle({ ...active, expires_at: at(600) }, at(70), hour)).toBe(true);
    expect(isIdle(active, at(0), hour), "a clock that was set back").toBe(false);
  });
});
