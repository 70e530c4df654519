import { defineConfig } from "vitest/config";

/**
 * One setting for every package: results also go to `.results/unit.json`, where `.ci/totals.ts` adds them up,
 * so that a run served from turbo's cache still tells how many tests stand behind it.
 */
export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "tests/**/*.test.ts"],
    reporters: ["default", "json"],
    outputFile: { json: ".results/unit.json" },
    // against what hangs; what works may run on a machine that is busy with other things
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
