import { defineConfig } from "vitest/config";

/** The long runs: `pnpm torture`. `test` runs a seeded twentieth of them. */
export default defineConfig({
  test: {
    include: ["src/**/*.torture.ts"],
    testTimeout: 900_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
  },
});
