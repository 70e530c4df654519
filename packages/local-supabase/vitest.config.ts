import { defineConfig, mergeConfig } from "vitest/config";
import base from "../../vitest.base.ts";

// A stack starts in about two seconds, or in thirty while everything else is tested on the same two cores.
export default mergeConfig(base, defineConfig({ test: { testTimeout: 120_000, hookTimeout: 120_000 } }));
