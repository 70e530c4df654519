import { mergeConfig } from "vitest/config";
import base from "../../vitest.base.ts";

/** One embedded Supabase for all test files; those that count every row start their own. */
export default mergeConfig(base, {
  test: {
    globalSetup: ["src/testing/global-setup.ts"],
    provide: { fuzz: { requests: 500, seed: 20_261_122 }, logins: { tries: 100, seed: 20_261_126 } },
  },
});
