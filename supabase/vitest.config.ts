import { mergeConfig } from "vitest/config";
import base from "../vitest.base.ts";

// One stack for all files, and one file at a time: they share its database.
export default mergeConfig(base, { test: { globalSetup: ["tests/global-stack.ts"], fileParallelism: false } });
