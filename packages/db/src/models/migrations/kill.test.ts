import { expect, test } from "vitest";
import { killedChange } from "./testing/killed-change.ts";

// kill.torture.ts kills at every step, and on PGlite too
test("a change that is killed at some of its steps, the commit among them, was never there, both ways", async () => {
  const report = await killedChange("native", (steps) => [1, Math.floor(steps / 2), steps - 1, steps]);
  expect(report.up).toEqual({ kills: 3, wrong: [] });
  expect(report.down).toEqual({ kills: 3, wrong: [] });
  expect(report).toMatchObject({ rowsIntact: true, sideTables: 0 });
});
