import { expect, it } from "vitest";
import { currentContext, lastOperationId, noteOperation, runInContext } from "./context.ts";

it("holds through awaits, timers and parallel work, and nests", async () => {
  const seen = async (id: string) =>
    await runInContext({ request_id: id }, async () => {
      await new Promise((tick) => setTimeout(tick, 1));
      const inner = runInContext({ request_id: `${id}-inner` }, () => currentContext()?.request_id);
      return [currentContext()?.request_id, inner];
    });
  expect(await Promise.all([seen("a"), seen("b")])).toEqual([
    ["a", "a-inner"],
    ["b", "b-inner"],
  ]);
  expect(currentContext()).toBeUndefined();
});

it("names the operation last begun in it", () => {
  noteOperation("outside");
  expect(lastOperationId()).toBeUndefined();
  runInContext({ request_id: "r" }, () => {
    expect(lastOperationId()).toBeUndefined();
    noteOperation("o1");
    noteOperation("o2");
    runInContext({ request_id: "r2" }, () => noteOperation("o3"));
    expect(lastOperationId()).toBe("o2");
  });
});
