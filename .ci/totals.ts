import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

// Adds up the reports that vitest leaves in every package, also those that turbo restored from its cache.

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

const root = join(import.meta.dirname, "..");

function count(report: unknown, field: string): number {
  if (typeof report !== "object" || report === null) throw new Error("a report is not an object");
  const value: unknown = Reflect.get(report, field);
  if (typeof value !== "number") throw new Error(`a report has no number ${field}`);
  return value;
}

const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
const reports = globSync("{apps,packages}/*/.results/*.json", { cwd: root })
  .concat(globSync("{supabase,docs,bench}/.results/*.json", { cwd: root }))
  .toSorted();

for (const path of reports) {
  const report: unknown = JSON.parse(readFileSync(join(root, path), "utf8"));
  const failedTests = count(report, "numFailedTests");
  totals.passed += count(report, "numPassedTests");
  // A file that could not even be loaded has no test to fail, and must not pass for it.
  totals.failed += failedTests === 0 ? count(report, "numFailedTestSuites") : failedTests;
  totals.skipped += count(report, "numPendingTests") + count(report, "numTodoTests");
}

const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : "";
console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
if (reports.length === 0 || totals.passed === 0) {
  console.error("No test report was found: see the output above for the step that failed.");
  process.exitCode = 1;
}
