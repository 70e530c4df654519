import { setImmediate as turnEnds } from "node:timers/promises";
import { expect, it } from "vitest";
import { TurnEnd } from "./turn-end.ts";

/** Runs when the code that is running now, and its promises, have ended. */
const codeEnds = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

function counted(): { readonly end: TurnEnd; readonly runs: () => number } {
  let runs = 0;
  const end = new TurnEnd(() => {
    runs += 1;
    end.clear();
  });
  return { end, runs: () => runs };
}

it("runs once for all of a turn, when the turn ends", async () => {
  const { end, runs } = counted();
  end.schedule(false);
  await codeEnds();
  end.schedule(true);
  await codeEnds();
  expect(runs()).toBe(0);
  await turnEnds();
  expect(runs()).toBe(1);
  await turnEnds();
  expect(runs()).toBe(1);
});

it("runs when the running code ends where little is under way", async () => {
  const { end, runs } = counted();
  end.schedule(true);
  end.schedule(false);
  expect(runs()).toBe(0);
  await codeEnds();
  expect(runs()).toBe(1);
  await turnEnds();
  expect(runs()).toBe(1);
});

it.each([true, false])("does not run when the work was done before (quiet: %s)", async (isQuiet) => {
  const { end, runs } = counted();
  end.schedule(isQuiet);
  end.clear();
  await turnEnds();
  expect(runs()).toBe(0);
});
