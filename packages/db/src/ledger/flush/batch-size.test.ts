import { expect, test } from "vitest";
import { BatchSize } from "./batch-size.ts";

const limits = { batchBytes: 1000, minBatchBytes: 100, maxBatchBytes: 4000 };

test("grows under a backlog as long as the database is quick, up to its limit", () => {
  const size = new BatchSize(limits);
  size.stored(1000, 10);
  expect(size.bytes).toBe(1500);
  for (let batch = 0; batch < 20; batch++) size.stored(size.bytes, 10);
  expect(size.bytes).toBe(4000);
});

test("does not grow by small batches, for nothing is waiting then", () => {
  const size = new BatchSize(limits);
  for (let batch = 0; batch < 20; batch++) size.stored(400, 10);
  expect(size.bytes).toBe(1000);
});

test("shrinks when the database is slow, and stays where it takes about the time that it should", () => {
  const size = new BatchSize(limits);
  size.stored(1000, 250);
  expect(size.bytes).toBe(1000);
  size.stored(1000, 900);
  expect(size.bytes).toBe(667);
});

test("a timeout halves it, down to its limit", () => {
  const size = new BatchSize(limits);
  size.tooMuch(1000);
  expect(size.bytes).toBe(500);
  size.tooMuch(300);
  expect(size.bytes).toBe(150);
  size.tooMuch(150);
  expect(size.bytes).toBe(100);
});
