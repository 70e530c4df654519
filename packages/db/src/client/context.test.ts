import { expect, it } from "vitest";
import { currentContext, lastOperationId, noteOperation, operationContextSchema, runInContext } from "./context.ts";

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

it.each([
  { request_id: "" },
  { request_id: "a b" },
  { user_id: "" },
  { user_id: " " },
  { user_id: "a\u0000" },
  { user_id: "\ud800" },
  { user_id: "a".repeat(256) },
  { session_id: "1" },
  { schema_version: "1" },
])("refuses %j, which no record could hold or no list could show again", (change) => {
  expect(operationContextSchema.safeParse({ request_id: "r", user_id: null, ...change }).success).toBe(false);
});
