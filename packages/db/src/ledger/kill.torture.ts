import { start } from "@waybill/local-supabase";
import { expect, test } from "vitest";
import { makeDemoTables } from "../testing/demo-tables.ts";
import { killRounds } from "./testing/kill-rounds.ts";
import { stackKillRounds } from "./testing/stack-kill-rounds.ts";

test("kill -9, 25 times, loses no record of a request that was sent", async () => {
  const { lost } = await killRounds(25, 20_261_122);
  expect(lost).toEqual([]);
});

test.each(["pglite", "native"] as const)(
  "kill -9 on %s, 100 times, leaves exactly one record of every request that arrived",
  async (engine) => {
    await using stack = await start({ engine });
    await makeDemoTables(stack.dbUrl);
    const { wrong } = await stackKillRounds(stack, 100, "20261125");
    expect(wrong).toEqual([]);
  },
);
