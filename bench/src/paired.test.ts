import { expect, it } from "vitest";
import { percentile, ratio, spread, takeTurns, type Contender } from "./paired.ts";

const contender = (name: string, order: string[], throughput: () => number): Contender => ({
  async slice(callers) {
    order.push(`${name}${callers}`);
    return { throughput: throughput(), cpuMicroseconds: 1, p99Ms: 1 };
  },
  async [Symbol.asyncDispose]() {},
});

it("lets the contenders take turns, and keeps no round of the warm-up", async () => {
  const order: string[] = [];
  let at = 0;
  const contenders = { a: contender("a", order, () => 10), b: contender("b", order, () => 20 + at++) };
  const rounds = await takeTurns(contenders, 4, { rounds: 3, sliceMs: 1 });
  expect(order).toEqual(["a4", "b4", "b4", "a4", "a4", "b4", "b4", "a4", "a4", "b4"]);
  expect(rounds.map(({ b }) => b.throughput)).toEqual([22, 23, 24]);
});

it("takes ratios within a round, not of the medians", () => {
  const slice = (throughput: number) => ({ throughput, cpuMicroseconds: 1, p99Ms: 1 });
  const rounds = [
    { a: slice(10), b: slice(5) },
    { a: slice(100), b: slice(100) },
    { a: slice(30), b: slice(10) },
  ];
  expect(ratio(rounds, "a", "b", "throughput")).toEqual({ min: 1, median: 2, max: 3 });
});

it("takes the middle of all values, however they come", () => {
  expect(spread([9, 2, 40, 7, 1])).toEqual({ min: 1, median: 7, max: 40 });
});

it("refuses to say anything of nothing", () => {
  expect(() => spread([])).toThrow("nothing was measured");
});

it("finds a percentile", () => {
  expect(
    percentile(
      Array.from({ length: 200 }, (_, at) => 200 - at),
      0.99,
    ),
  ).toBe(198);
});
