import { scratchDatabase, start } from "@waybill/local-supabase";
import { expect, inject, test } from "vitest";
import { runChanges } from "./testing/run-changes.ts";

// changes.torture.ts makes 40 of them, and more than once
test.each([
  ["pglite", 3],
  ["native", 5],
] as const)(
  "on %s %i changes of a table with 1,000 rows are planned, proven, applied, rolled back and applied again, rows intact",
  async (engine, changes) => {
    await using opened = new AsyncDisposableStack();
    const scratch = opened.use(await scratchDatabase({ engine }));
    const dbUrl = engine === "pglite" ? inject("stack").dbUrl : opened.use(await start({ engine, seed: false })).dbUrl;
    const report = await runChanges({ scratch, dbUrl, table: "changing", changes, rows: 1000, seed: 20_261_126 });
    expect(report.wrong).toEqual([]);
    expect(report.done).toHaveLength(changes);
  },
);
