import { expect, test } from "vitest";
import { programs } from "./programs.ts";

/** As little as shows that a program can run; what it measures then means nothing. */
const glance = { rounds: 1, sliceMs: 10 };

test.each(["servers", "creates"])("%s runs from one end to the other", { timeout: 120_000 }, async (name) => {
  const { tables, figures } = (await programs.get(name)?.(glance)) ?? {};
  expect(tables?.[0]?.rows.length).toBeGreaterThan(1);
  for (const [, { median }] of figures ?? []) expect(median).toBeGreaterThan(0);
});
