import { expect, test } from "vitest";
import { stepTable } from "./step-table.ts";

test("one aligned line a step, every line of a failure, and the sum", () => {
  const table = stepTable([
    { name: "start", outcome: "passed", ms: 1234, note: "https://127.0.0.1:1" },
    { name: "records = calls", outcome: "failed", ms: 12_000, note: "2 differences\nread routes: no record" },
    { name: "delete", outcome: "skipped", ms: 0, note: "an earlier step failed" },
  ]);
  expect(table.split("\n")).toEqual([
    "✔ start              1.2 s  https://127.0.0.1:1",
    "✘ records = calls   12.0 s  2 differences",
    "                            read routes: no record",
    "– delete             0.0 s  an earlier step failed",
    "1 passed, 1 failed, 1 skipped in 13.2 s",
  ]);
});

test("a note is wrapped to the terminal, beneath its own beginning", () => {
  const steps = [{ name: "delete", outcome: "passed" as const, ms: 100, note: "one two three four five six sevens" }];
  expect(stepTable(steps, 48).split("\n").slice(0, -1)).toEqual([
    "✔ delete    0.1 s  one two three four five six",
    "                   sevens",
  ]);
  expect(stepTable(steps, 30).split("\n")).toHaveLength(2);
});

test("no steps are said, not drawn", () => {
  expect(stepTable([])).toBe("no steps in 0.0 s");
});
