import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { EnvError } from "../env.ts";

/**
 * Writes a file of the data directory for its owner only (0600), whole or not at all. Throws EnvError when the
 * directory cannot be used.
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const partial = `${path}.${process.pid}.part`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(partial, text, { mode: 0o600, flush: true });
    await rename(partial, path);
  } catch (error) {
    // the failure above is the one to tell
    await rm(partial, { force: true }).catch(() => {});
    throw unusable(path, error);
  }
}

/** The text of a file of the data directory, or null if there is none. Throws EnvError when it cannot be read. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw unusable(path, error);
  }
}

/** A directory of another user (a start by root before), a read-only or full disk: whoever starts it can mend that. */
function unusable(path: string, cause: unknown): EnvError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EnvError(
    `The data directory ${dirname(path)} cannot be used (${reason}). Give this user the right to it, or name another one in WAYBILL_DATA_DIR.`,
    { cause },
  );
}
