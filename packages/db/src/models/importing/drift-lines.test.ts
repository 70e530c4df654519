import { expect, test } from "vitest";
import { driftLines } from "./drift-lines.ts";

test("a line of the catalog that is not understood is a drift of its table all the same", () => {
  const table = "table public.drifted p rls=t forced=f";
  const policy = "policy public.drifted own r t to two words using true check ";
  expect(driftLines([table, policy], [table])).toEqual([`public.drifted: ${policy.trim()} is there and in no model:`]);
  const sequence = 'sequence of public."Up Down"';
  expect(driftLines([], [sequence])).toEqual(['public."Up Down": the table is not there']);
});
