import { scratchDatabase, start } from "@waybill/local-supabase";
import { expect, test } from "vitest";
import { runChanges } from "./testing/run-changes.ts";

test.each(["pglite", "native"] as const)(
  "on %s 40 changes of a table with 2,000 rows are planned, proven, applied, rolled back and applied again, rows intact",
  async (engine) => {
    await using scratch = await scratchDatabase({ engine });
    await using stack = await start({ engine, seed: false });
    for (const seed of [20_261_126, 5]) {
      const table = `changing_${seed}`;
      const report = await runChanges({ scratch, dbUrl: stack.dbUrl, table, changes: 40, rows: 2000, seed });
      expect(report.wrong).toEqual([]);
      expect(report.done).toHaveLength(40);
    }
  },
);
