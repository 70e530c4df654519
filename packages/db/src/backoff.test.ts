import { expect, it } from "vitest";
import { jittered } from "./backoff.ts";

const backoff = { firstMs: 100, limitMs: 1000 };

it("doubles up to its limit", () => {
  expect([0, 1, 2, 3, 4, 5, 1000].map((attempt) => jittered(backoff, attempt, () => 1))).toEqual([
    100, 200, 400, 800, 1000, 1000, 1000,
  ]);
});

it("takes anything from nothing to that", () => {
  expect(jittered(backoff, 2, () => 0)).toBe(0);
  expect(jittered(backoff, 2, () => 0.5)).toBe(200);
});
