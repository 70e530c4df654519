import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { eventually } from "../testing/processes.ts";
import { temporaryFolder } from "../testing/folders.ts";
import { keepLog } from "./log.ts";

test("a log is its owner's, begins anew, is cut at 1 MiB, and its end is known all the same", async () => {
  const path = join(await temporaryFolder(), "postgres.log");
  const write = async (...chunks: string[]): Promise<string> => {
    const output = new PassThrough();
    const end = keepLog(output, path);
    for (const chunk of chunks) output.write(chunk);
    output.end();
    await once(output, "close");
    return end();
  };
  // the file is opened and written later than its input ends
  const written = (): Promise<string> => readFile(path, "utf8").catch(() => "");
  await write("a run of yesterday\n");
  await eventually(async () => (await written()) === "a run of yesterday\n", "the log was written");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await write("first\n", "x".repeat(1024 * 1024), "the last word\n")).toMatch(/^x{1986}the last word$/);
  await eventually(async () => (await written()).length === 1024 * 1024, "the log was full");
  expect(await written()).toMatch(/^first\nx+$/);
});
