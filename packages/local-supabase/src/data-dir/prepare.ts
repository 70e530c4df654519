import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf, LocalSupabaseError, messageOf } from "../errors.ts";

/** Whose presence tells a data directory from any other one. */
const markerFile = "lock";

/** Makes a data directory, or checks that `path` is one, within `deadlineMs`, and returns its real path. */
export async function prepareDataDir(path: string, deadlineMs = 15_000): Promise<string> {
  return withReason(path, deadlineMs, async () => {
    await makeDirectory(path);
    const directory = await realpath(path);
    if (!existsSync(join(directory, markerFile)) && (await readdir(directory)).some((name) => name !== "stack.log")) {
      throw new LocalSupabaseError(
        "DATA_DIR_UNUSABLE",
        `${directory} holds other files. Choose an empty directory, or one that does not exist yet.`,
      );
    }
    return directory;
  });
}

/**
 * Lets only its owner into a data directory; where Postgres runs as another account, that one may pass through to its
 * own files. For who has the lock: another engine may be running in it.
 */
export async function closeDataDir(directory: string, engine: "pglite" | "native"): Promise<void> {
  const mode = engine === "native" && process.getuid?.() === 0 ? 0o711 : 0o700;
  await withReason(directory, 15_000, () => chmod(directory, mode));
}

/** Also the directories above it. Node's own way of that, `recursive`, never ends below `/proc`. */
async function makeDirectory(path: string): Promise<void> {
  if (await isDirectory(path)) return;
  if (dirname(path) !== path) await makeDirectory(dirname(path));
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    // Another one may have made it in between.
    if (!(await isDirectory(path))) throw error;
  }
}

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

async function withReason<T>(path: string, deadlineMs: number, work: () => Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = async (): Promise<never> => {
    await sleep(deadlineMs, undefined, { signal: done.signal });
    throw new Error(
      `its file system did not answer within ${deadlineMs / 1000} s. Look after it, or choose another one`,
    );
  };
  try {
    return await Promise.race([work(), late()]);
  } catch (error) {
    if (error instanceof LocalSupabaseError) throw error;
    throw new LocalSupabaseError("DATA_DIR_UNUSABLE", `${path} cannot be a data directory: ${reasonOf(error)}`, {
      cause: error,
    });
  } finally {
    done.abort();
  }
}

const notPermitted = "this user may not write there. Choose another one, or give this user the right.";
const notDirectory = "there is a file of that name. Choose another one.";
const reasons: Partial<Record<string, string>> = {
  EACCES: notPermitted,
  EPERM: notPermitted,
  ENOTDIR: notDirectory,
  EEXIST: notDirectory,
  // what Node's mkdir says of a read-only file system too, when it makes the parents as well
  ENOENT: "no directory can be made there; the file system may be read-only. Choose another one.",
  EROFS: "it is on a read-only file system. Choose another one.",
  ENOSPC: "the disk is full. Free some space, or choose another one.",
};

const reasonOf = (error: unknown): string => reasons[codeOf(error) ?? ""] ?? `${messageOf(error)}.`;
