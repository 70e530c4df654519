import { scratchDatabase, start } from "@waybill/local-supabase";
import { expect, test } from "vitest";
import { runChanges } from "./testing/run-changes.ts";

test.each([
  ["pglite", 40, 1, 20_261_126],
  ["native", 40, 1, 20_261_126],
  ["native", 40, 1, 5],
  ["pglite", 15, 3, 31],
  ["native", 25, 4, 11],
  ["native", 25, 5, 12],
] as const)(
  "on %s %i plans of %i changes each on a table with 2,000 rows are proven, applied, rolled back and applied again, rows intact",
  async (engine, changes, atOnce, seed) => {
    await using scratch = await scratchDatabase({ engine });
    await using stack = await start({ engine, seed: false });
    const { dbUrl } = stack;
    const report = await runChanges({ scratch, dbUrl, table: "changing", changes, atOnce, rows: 2000, seed });
    expect(report.wrong).toEqual([]);
    expect(report.done).toHaveLength(changes);
  },
);
