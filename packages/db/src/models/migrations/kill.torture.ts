import { scratchDatabase, start } from "@waybill/local-supabase";
import { expect, test } from "vitest";
import { killedChange } from "./testing/killed-change.ts";

test.each(["pglite", "native"] as const)(
  "on %s a change that is killed at each of its steps in turn was never there, both ways",
  async (engine) => {
    await using scratch = await scratchDatabase({ engine });
    await using stack = await start({ engine, seed: false });
    const { up, down, steps, rowsIntact, sideTables } = await killedChange(scratch, stack.dbUrl, () => undefined);
    expect(up).toEqual({ kills: steps.up, wrong: [] });
    expect(down).toEqual({ kills: steps.down, wrong: [] });
    expect({ rowsIntact, sideTables }).toEqual({ rowsIntact: true, sideTables: 0 });
  },
);
