import { expect, test } from "vitest";
import { killRounds } from "./testing/kill-rounds.ts";

test("kill -9, 25 times, loses no record of a request that was sent", async () => {
  const { lost } = await killRounds(25, 20_261_122);
  expect(lost).toEqual([]);
});
