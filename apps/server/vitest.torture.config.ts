import { mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

/** `pnpm torture`: the whole of what `test` runs a seeded twentieth of. */
export default mergeConfig(base, {
  test: {
    provide: { fuzz: { requests: 10_000, seed: 20_261_122 }, logins: { tries: 2000, seed: 20_261_126 } },
  },
});
