import { expect, test } from "vitest";
import { readDatasets, sliceOf } from "../data/datasets.ts";
import { openReport } from "./report.ts";
import { runSmoke } from "./run-smoke.ts";

// `pnpm smoke` runs it on all of the data
test(
  "the whole way once, on the 100 busiest airports: every step passes, records = calls",
  { timeout: 240_000 },
  async () => {
    const report = openReport();
    await runSmoke({ datasets: sliceOf(await readDatasets(), 100), batch: 50 }, report);
    expect(report.results.filter(({ outcome }) => outcome !== "passed")).toEqual([]);
    expect(report.results.map(({ name }) => name)).toContain("records = calls");
    expect(report.results.length).toBeGreaterThanOrEqual(19);
  },
);
