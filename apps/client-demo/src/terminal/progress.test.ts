import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { openProgress } from "./progress.ts";

async function written(isTTY: boolean, total: number, steps: readonly number[]): Promise<string> {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 });
  const progress = openProgress("airports", total, stream);
  for (const step of steps) progress.add(step);
  progress.stop();
  stream.end();
  return text(stream);
}

test("away from a terminal: a plain line at each quarter", async () => {
  expect(await written(false, 8, [1, 1, 1, 1, 3, 1])).toBe(
    "  airports: 2 of 8\n  airports: 4 of 8\n  airports: 7 of 8\n  airports: 8 of 8\n",
  );
});

test("on a terminal: a bar with the count", async () => {
  const bar = await written(true, 8, [8]);
  expect(bar).toContain("8/8");
  expect(bar).toContain("\u2588".repeat(30));
});
