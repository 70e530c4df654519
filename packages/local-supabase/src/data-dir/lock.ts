import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { LocalSupabaseError, messageOf } from "../errors.ts";

export interface DirectoryLock {
  release(): void;
}

/**
 * Takes a data directory for this process. PGlite itself would let a second opener in, and lose what it commits.
 *
 * The lock is the exclusive lock that SQLite takes on a file: the operating system gives it to exactly one
 * process and takes it back when that process dies, however it dies. So there is no stale lock to judge by
 * a pid that another program may have by now; `lock.pid` only serves the sentence that the loser reads.
 */
export async function lockDirectory(dataDir: string): Promise<DirectoryLock> {
  const pidPath = join(dataDir, "lock.pid");
  const path = join(dataDir, "lock");
  await (await open(path, "a", 0o600)).close();
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (!messageOf(error).includes("locked")) throw error;
    const holder = await readFile(pidPath, "utf8").catch(() => "");
    throw new LocalSupabaseError(
      "DATA_DIR_IN_USE",
      `${dataDir} is in use by ${holder.trim() === "" ? "another process" : `process ${holder.trim()}`}. Stop that one, or give this one another data directory.`,
      { cause: error },
    );
  }
  await writeFile(pidPath, `${process.pid}\n`, { mode: 0o600 });
  return { release: () => database.close() };
}
