import { expect, test } from "vitest";
import { watchDisk } from "./full-disk.ts";

test("only a main thread that is silent ever since the disk was full is given up, also when there is room again", () => {
  let [full, beat, now] = [false, 0, 0];
  const gaveUp = watchDisk({ noRoom: () => full, beat: () => beat, now: () => now, graceMs: 10 });
  const after = (ms: number): boolean => {
    now += ms;
    return gaveUp();
  };
  // A long statement on a disk with room.
  expect([after(5), after(20)]).toEqual([false, false]);
  // A full disk, and a thread that answers.
  full = true;
  for (let second = 0; second < 30; second += 1) {
    beat += 1;
    expect(after(5)).toBe(false);
  }
  expect(after(5)).toBe(false);
  full = false;
  expect(after(5)).toBe(true);
});
