import { expect, test } from "vitest";
import { killRounds } from "./testing/kill-rounds.ts";

test("kill -9 loses no record of a request that was sent", { timeout: 120_000 }, async () => {
  const { seen, lost, unknown } = await killRounds(2, 1);
  expect(lost).toEqual([]);
  expect(seen).toBeGreaterThan(100);
  // Requests in flight at the kill are known by their intents alone.
  expect(unknown).toBeGreaterThan(0);
});
