import { expect, it } from "vitest";
import { retryAfterMs } from "./retry-after.ts";

it.each([
  [undefined, null],
  ["0", 0],
  [" 120 ", 120_000],
  ["Wed, 25 Nov 2026 20:00:30 GMT", 30_000],
  ["Wed, 25 Nov 2026 19:00:00 GMT", 0],
  ["soon", null],
  ["-5x", null],
])("%j is %j ms", (value, ms) => {
  expect(retryAfterMs(value, Date.parse("2026-11-25T20:00:00Z"))).toBe(ms);
});
