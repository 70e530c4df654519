import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** Whether any process has this text in its command line, or this number. */
export async function processesWith(text: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,args="], { maxBuffer: 16 * 1024 * 1024 });
  return stdout.split("\n").filter((line) => line.includes(text));
}

/** Waits until `condition` holds, for as long as nothing that works takes. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string,
  deadlineMs = 60_000,
): Promise<void> {
  for (const until = Date.now() + deadlineMs; Date.now() < until; await sleep(25)) {
    if (await condition()) return;
  }
  throw new Error(`it never happened that ${what}`);
}
