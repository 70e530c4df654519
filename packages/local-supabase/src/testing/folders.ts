import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** A directory that is gone when the test is over. Its name has a space, as a user's path may. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "waybill test "));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  return folder;
}

/** One that everybody may enter: Postgres runs as another account where the tests run as root. */
export async function openFolder(): Promise<string> {
  const folder = await temporaryFolder();
  await chmod(folder, 0o755);
  return folder;
}

/** A project with a table `rows (id int)`. */
export const rowsProject = (): Promise<string> =>
  projectOf({ "migrations/1_rows.sql": "create table public.rows (id int primary key);" });

/** A `supabase/` folder of these files, such as `migrations/1_a.sql`. */
export async function projectOf(files: Record<string, string>): Promise<string> {
  const folder = await temporaryFolder();
  await putFiles(folder, files);
  return folder;
}

export async function putFiles(folder: string, files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}
