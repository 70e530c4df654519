import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, LocalSupabaseError, messageOf } from "../errors.ts";

/** Whose presence tells a data directory from any other one. */
const markerFile = "lock";

/** Makes a data directory, or checks that `path` is one, and returns its real path. */
export async function prepareDataDir(path: string): Promise<string> {
  return withReason(path, async () => {
    await mkdir(path, { recursive: true, mode: 0o700 });
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
  await withReason(directory, () => chmod(directory, mode));
}

async function withReason<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LocalSupabaseError) throw error;
    throw new LocalSupabaseError("DATA_DIR_UNUSABLE", `${path} cannot be a data directory: ${reasonOf(error)}`, {
      cause: error,
    });
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
