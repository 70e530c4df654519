import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { promisify } from "node:util";

/** What a process holds at a moment. */
export interface ProcessSample {
  /** Resident memory in bytes. */
  readonly rss: number;
  /** Open files and sockets; undefined where the system does not tell. */
  readonly handles: number | undefined;
}

export async function sampleProcess(pid: number): Promise<ProcessSample> {
  const [rss, handles] = await Promise.all([residentMemory(pid), openHandles(pid)]);
  return { rss, handles };
}

async function residentMemory(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)("ps", ["-o", "rss=", "-p", String(pid)], { timeout: 10_000 });
  const kibibytes = Number(stdout.trim());
  if (!Number.isFinite(kibibytes) || kibibytes <= 0) throw new Error(`ps does not tell the memory of process ${pid}`);
  return kibibytes * 1024;
}

async function openHandles(pid: number): Promise<number | undefined> {
  try {
    return (await readdir(`/proc/${pid}/fd`)).length;
  } catch {
    return undefined;
  }
}
