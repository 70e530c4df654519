import { start } from "@waybill/local-supabase";
import { expect, inject, test } from "vitest";
import { makeDemoTables } from "../testing/demo-tables.ts";
import { killRounds } from "./testing/kill-rounds.ts";
import { stackKillRounds } from "./testing/stack-kill-rounds.ts";

test("kill -9 loses no record of a request that was sent", { timeout: 120_000 }, async () => {
  const { seen, lost, unknown } = await killRounds(2, 1);
  expect(lost).toEqual([]);
  expect(seen).toBeGreaterThan(100);
  // Requests in flight at the kill are known by their intents alone.
  expect(unknown).toBeGreaterThan(0);
});

// `pnpm torture` does it 100 times on each engine
test.each(["pglite", "native"] as const)(
  "kill -9 under load on %s leaves exactly one record of every request that arrived",
  { timeout: 180_000 },
  async (engine) => {
    await using native = engine === "native" ? await start({ engine }) : undefined;
    if (native !== undefined) await makeDemoTables(native.dbUrl);
    const { seen, wrong, unknown, torn } = await stackKillRounds(native ?? inject("stack"), 5, "twentieth");
    expect(wrong).toEqual([]);
    expect(seen).toBeGreaterThan(100);
    expect(unknown).toBeGreaterThan(0);
    expect(torn).toBeGreaterThan(0);
  },
);
