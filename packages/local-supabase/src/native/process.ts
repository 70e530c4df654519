import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** The Postgres that serves a directory, as its `postmaster.pid` tells; undefined if none does. */
export async function findServer(directory: string): Promise<number | undefined> {
  const lines = await readFile(join(directory, "postmaster.pid"), "utf8").catch(() => "");
  const pid = Number.parseInt(lines, 10);
  return Number.isInteger(pid) && pid > 1 && (await isServerOf(pid, directory)) ? pid : undefined;
}

/** Whether `postmaster.pid` says that the server takes connections. */
export async function isReady(directory: string): Promise<boolean> {
  const lines = await readFile(join(directory, "postmaster.pid"), "utf8").catch(() => "");
  return lines.split("\n")[7]?.trim() === "ready";
}

/** A number of a process is soon another's: its command line says whether it is the server of this directory. */
export async function isServerOf(pid: number, directory: string): Promise<boolean> {
  return isRunning(pid) && (await commandLine(pid)).includes(directory);
}

/**
 * Ends a server within about 15 seconds: asks for a fast shutdown, then for an immediate one (which the next
 * start recovers from), then takes it down.
 */
export async function endServer(pid: number, directory: string): Promise<void> {
  for (const [signal, waitMs] of [
    ["SIGINT", 8_000],
    ["SIGQUIT", 4_000],
    ["SIGKILL", 4_000],
  ] as const) {
    if (!(await isServerOf(pid, directory))) return;
    try {
      process.kill(pid, signal);
    } catch {
      return; // it ended in between
    }
    for (const until = Date.now() + waitMs; Date.now() < until; await sleep(20)) {
      if (!isRunning(pid)) return;
    }
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function commandLine(pid: number): Promise<string> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ");
  } catch {
    const listed = promisify(execFile)("ps", ["-o", "command=", "-p", String(pid)], { timeout: 5_000 });
    return (await listed.catch(() => ({ stdout: "" }))).stdout;
  }
}
