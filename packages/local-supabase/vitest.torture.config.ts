import { defineConfig } from "vitest/config";

// The long runs, of which `test` has a small part.
export default defineConfig({
  test: { include: ["src/**/*.torture.ts"], testTimeout: 1_800_000, fileParallelism: false },
});
