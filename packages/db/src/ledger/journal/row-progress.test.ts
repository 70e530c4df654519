import { expect, test } from "vitest";
import { RowProgress } from "./row-progress.ts";

test("batches that are acknowledged in any order count, but nothing beyond a gap counts as reached", () => {
  const progress = new RowProgress();
  const [first, second, third] = [progress.take(10), progress.take(5), progress.take(1)];
  second();
  third();
  expect(progress).toMatchObject({ flushed: 6, flushedTo: 0 });
  second();
  expect(progress.flushed).toBe(6);
  first();
  expect(progress).toMatchObject({ flushed: 16, flushedTo: 16 });
});

test("a batch of a directory that was left does not count any more", () => {
  const progress = new RowProgress();
  const old = progress.take(10);
  progress.restart(100);
  old();
  const next = progress.take(5);
  expect(progress).toMatchObject({ flushed: 100, flushedTo: 100 });
  next();
  expect(progress).toMatchObject({ flushed: 105, flushedTo: 105 });
});
