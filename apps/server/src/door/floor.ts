import { setTimeout as wait } from "node:timers/promises";

/**
 * Waits until a whole number of floors has passed since `begun` (`performance.now()`): what took less than one floor, and
 * what took a little more, end at times that say nothing of the work. 0 is no floor.
 */
export async function untilFloor(begun: number, floorMs: number): Promise<void> {
  if (floorMs === 0) return;
  const passed = performance.now() - begun;
  const floors = Math.max(Math.ceil(passed / floorMs), 1);
  await wait(floors * floorMs - passed);
}
