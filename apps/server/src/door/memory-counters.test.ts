import { expect, it } from "vitest";
import { memoryCounters } from "./memory-counters.ts";

it("counts within a window that its first points began, never below nothing", async () => {
  let at = 1000;
  const counters = memoryCounters({ now: () => at });
  expect(await counters.add("a", 2, 100)).toEqual({ points: 2, msLeft: 100 });
  at += 60;
  expect(await counters.add("a", 3, 100)).toEqual({ points: 5, msLeft: 40 });
  expect(await counters.add("b", 1, 100)).toEqual({ points: 1, msLeft: 100 });
  expect(await counters.add("a", -9, 100)).toEqual({ points: 0, msLeft: 40 });
  at += 40;
  expect(await counters.add("a", 1, 100)).toEqual({ points: 1, msLeft: 100 });
  expect(await counters.add("a", 7, 50, true)).toEqual({ points: 7, msLeft: 50 });
});

it("forgets the counter that rested longest when there is no room", async () => {
  const counters = memoryCounters({ most: 2 });
  for (const name of ["a", "b", "a", "c"]) await counters.add(name, 1, 60_000);
  expect((await counters.add("a", 1, 60_000)).points).toBe(3);
  expect((await counters.add("b", 1, 60_000)).points).toBe(1);
});
