import { createWriteStream } from "node:fs";
import type { Readable } from "node:stream";

const maxBytes = 1024 * 1024;
const excerptBytes = 2_000;

/**
 * Keeps what Postgres says in a file that only this user may read, begun anew at every start and 1 MiB at most:
 * what repeats itself for days must not fill a disk.
 *
 * @returns the end of what it has said so far
 */
export function keepLog(output: Readable, path: string): () => string {
  const file = createWriteStream(path, { mode: 0o600 });
  // A log that cannot be written is no reason to stop a database.
  file.on("error", () => {});
  let left = maxBytes;
  let end = "";
  output.on("data", (chunk: Buffer) => {
    end = (end + chunk.toString()).slice(-excerptBytes);
    if (left > 0) file.write(chunk.subarray(0, left));
    left -= chunk.length;
  });
  output.on("error", () => {});
  output.once("close", () => file.end());
  return () => end.trim();
}
