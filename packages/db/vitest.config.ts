import { mergeConfig } from "vitest/config";
import base from "../../vitest.base.ts";

// One stack for the tests that share a database without minding each other's rows: `inject("stack")`.
export default mergeConfig(base, { test: { globalSetup: ["src/testing/global-stack.ts"] } });
