import { expect, it } from "vitest";
import { isMet, mustReach } from "./must-reach.ts";
import { markdown, verdicts } from "./report.ts";

const at = (median: number) => ({ spread: { min: median - 1, median, max: median + 1 }, day: "2026-11-25" });

it("judges by the median, on the right side of each bound", () => {
  expect([isMet({ atLeast: 2 }, 2), isMet({ atLeast: 2 }, 1.99)]).toEqual([true, false]);
  expect([isMet({ atMost: 0.6 }, 0.6), isMet({ atMost: 0.6 }, 0.61)]).toEqual([true, false]);
});

it("names each promise met, not met or not measured", () => {
  const { rows } = verdicts(new Map([["throughput-16", at(2.5)] as const, ["cpu-64", at(0.7)] as const]));
  expect(rows[0]).toEqual(["what", "bound", "median (min–max)", "verdict", "measured"]);
  expect(rows.find(([what]) => what === "tracked ÷ plain, throughput, 16 callers")).toEqual([
    "tracked ÷ plain, throughput, 16 callers",
    "≥ 2×",
    "2.50 (1.50–3.50)",
    "met",
    "2026-11-25",
  ]);
  const verdict = new Map(rows.map((row) => [row[0], row[3]]));
  expect(verdict.get("tracked ÷ plain, throughput, 16 callers")).toBe("met");
  expect(verdict.get("tracked ÷ plain, CPU an operation, 64 callers")).toBe("**not met**");
  expect(verdict.get("dropping a day of 500,000 records")).toBe("not measured");
  expect(rows.length).toBe(mustReach.length + 1);
});

it("writes a table as the formatter leaves it", () => {
  expect(
    markdown({
      title: "T",
      rows: [
        ["a", "long head"],
        ["longer", "1"],
      ],
    }),
  ).toBe("## T\n\n| a      | long head |\n| ------ | --------- |\n| longer | 1         |\n");
  expect(markdown({ title: "T", rows: [["a"], ["1"]] })).toBe("## T\n\n| a   |\n| --- |\n| 1   |\n");
});
