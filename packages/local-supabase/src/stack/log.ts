import { truncateSync } from "node:fs";
import { open, readFile, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

const logFile = "stack.log";
const maxBytes = 1024 * 1024;
const excerptBytes = 4_000;

/** Opens a data directory's log for the stack's process to write to. Only its owner may read it. */
export function openStackLog(dataDir: string): Promise<FileHandle> {
  return open(join(dataDir, logFile), "a", 0o600);
}

/**
 * Begins the log anew, and lets this process write 1 MiB to it: what repeats itself for days must not fill a
 * disk. Called by the process that has the directory's lock.
 */
export function limitStackLog(dataDir: string): void {
  truncateSync(join(dataDir, logFile));
  let left = maxBytes;
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream);
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      const before = left;
      left -= Buffer.byteLength(chunk);
      if (left > 0) write(chunk);
      else if (before > 0) write("… the log is full; the rest of this run is not written.\n");
      for (const callback of rest) if (typeof callback === "function") callback();
      return true;
    };
  }
}

/** The end of the log, for the sentence about a process that ended by itself. */
export async function readStackLogEnd(dataDir: string): Promise<string> {
  const text = await readFile(join(dataDir, logFile), "utf8").catch(() => "");
  return text.slice(-excerptBytes).trim();
}
