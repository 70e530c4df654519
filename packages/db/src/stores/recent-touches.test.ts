import { expect, test } from "vitest";
import { recentTouches } from "./recent-touches.ts";

test("a session is due once in an interval", () => {
  const touches = recentTouches(10_000);
  expect([0, 1, 9_999, 10_000, 10_001].map((at) => touches.isDue("a", at))).toEqual([true, false, false, true, false]);
});

test("sessions do not mind each other", () => {
  const touches = recentTouches(10_000);
  expect([touches.isDue("a", 0), touches.isDue("b", 0)]).toEqual([true, true]);
});

test("a clock that was set back silences no session", () => {
  const touches = recentTouches(10_000);
  touches.isDue("a", 1_000_000);
  expect(touches.isDue("a", 5)).toBe(true);
});

test("at its limit it forgets the one touched longest ago, and grows no further", () => {
  const touches = recentTouches(10_000, 3);
  for (const [at, session] of ["a", "b", "c"].entries()) touches.isDue(session, at);
  touches.isDue("a", 10_001);
  touches.isDue("d", 10_002);
  expect(touches.size).toBe(3);
  expect(touches.isDue("a", 10_003)).toBe(false);
  expect(touches.isDue("b", 10_003)).toBe(true);
});
