import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { LocalSupabaseError } from "../errors.ts";

/** Who runs Postgres. Empty: this user. Postgres refuses to run as root, so root lends it to `nobody`. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** The account for Postgres on this machine. No account is ever made. */
export async function findAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = await Promise.all([numberOf("-u"), numberOf("-g")]);
  return { uid, gid };
}

async function numberOf(flag: "-u" | "-g"): Promise<number> {
  try {
    const { stdout } = await promisify(execFile)("id", [flag, "nobody"], { timeout: 10_000 });
    return Number.parseInt(stdout, 10);
  } catch (error) {
    throw new LocalSupabaseError(
      "ENGINE_FAILED",
      'Postgres refuses to run as root, and this machine has no account "nobody" to lend it to. Start as an ordinary user, or use the engine "pglite".',
      { cause: error },
    );
  }
}

/** The first directory above `path` that `account` may not pass through; undefined if it may pass all. */
export async function firstClosedDirectory(path: string, account: Account): Promise<string | undefined> {
  if (account.uid === undefined) return undefined;
  const directory = dirname(path);
  if (directory !== path) {
    const closed = await firstClosedDirectory(directory, account);
    if (closed !== undefined) return closed;
  }
  const { mode, uid, gid } = await stat(directory);
  const needed = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  return (mode & needed) === 0 ? directory : undefined;
}
