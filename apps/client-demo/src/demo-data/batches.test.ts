import { expect, test } from "vitest";
import { batchesOf } from "./batches.ts";

test("cuts in order, the last batch shorter", () => {
  expect(batchesOf([0, 1, 2, 3, 4], 2)).toEqual([[0, 1], [2, 3], [4]]);
  expect(batchesOf([0, 1], 2)).toEqual([[0, 1]]);
  expect(batchesOf([], 2)).toEqual([]);
});
