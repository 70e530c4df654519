import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { userCacheDirectory } from "../env.ts";

const manifestSchema = z.object({
  directories: z.array(z.string()),
  /** Path → SHA-256 in hex. */
  files: z.record(z.string(), z.string()),
});
type Manifest = z.infer<typeof manifestSchema>;

/** How many templates (of 25 MB) stay in the cache: the system's, some projects', and those of a few other versions. */
const kept = 5;

const templatesDirectory = (): string => join(userCacheDirectory(), "waybill", "templates");

/**
 * Fills `target`, which must not exist, with a database directory that `build` made once on this machine:
 * making one takes seconds, copying it a fraction of one. Where the user's cache cannot be written or what it
 * holds is damaged, `build` makes it in place: a template only ever saves time.
 *
 * @param key changes when what `build` makes changes
 * @param build makes the directory and closes it
 */
export async function fillFromTemplate(
  target: string,
  key: string,
  build: (directory: string) => Promise<void>,
  templates: string = templatesDirectory(),
): Promise<void> {
  const template = join(templates, key);
  const partial = `${target}.partial`;
  await rm(partial, { recursive: true, force: true });
  if (!(await copyTemplate(template, partial))) {
    await build(partial);
    try {
      await saveTemplate(partial, template);
      await forgetOldTemplates(templates);
    } catch {
      // Not writable, or full: the next start builds again.
    }
  }
  // Only now, so that a start that was killed on the way leaves no half of a database behind.
  await rename(partial, target);
}

async function copyTemplate(template: string, target: string): Promise<boolean> {
  try {
    const manifest = manifestSchema.parse(JSON.parse(await readFile(join(template, "manifest.json"), "utf8")));
    await mkdir(target, { recursive: true, mode: 0o700 });
    copyFiles(join(template, "files"), target, manifest);
    const now = new Date();
    await utimes(template, now, now).catch(() => {});
    return true;
  } catch {
    await rm(target, { recursive: true, force: true });
    return false;
  }
}

async function saveTemplate(built: string, template: string): Promise<void> {
  const partial = join(dirname(template), `.partial-${randomUUID()}`);
  const files = join(partial, "files");
  try {
    await mkdir(files, { recursive: true, mode: 0o700 });
    const manifest = await readManifest(built);
    copyFiles(built, files, manifest);
    await writeFile(join(partial, "manifest.json"), JSON.stringify(manifest), { mode: 0o600 });
    await rm(template, { recursive: true, force: true });
    // Whoever is second to finish finds the first one's there, and it is as good.
    await rename(partial, template);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function readManifest(directory: string): Promise<Manifest> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const manifest: Manifest = { directories: [], files: {} };
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name).slice(directory.length + 1);
    if (entry.isDirectory()) manifest.directories.push(path);
    else if (entry.isFile()) manifest.files[path] = hash(readFileSync(join(directory, path)));
  }
  return manifest;
}

/** Synchronous: nothing else runs in the process yet, and a thousand small files copy twice as fast so. */
function copyFiles(from: string, to: string, manifest: Manifest): void {
  for (const directory of manifest.directories) mkdirSync(join(to, directory), { recursive: true, mode: 0o700 });
  for (const [path, expected] of Object.entries(manifest.files)) {
    const content = readFileSync(join(from, path));
    if (hash(content) !== expected) throw new Error(`${path} of the template is damaged`);
    writeFileSync(join(to, path), content, { mode: 0o600 });
  }
}

const hash = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");

async function forgetOldTemplates(templates: string): Promise<void> {
  const found: { path: string; used: number }[] = [];
  for (const name of await readdir(templates)) {
    const path = join(templates, name);
    found.push({ path, used: (await stat(path)).mtimeMs });
  }
  for (const { path } of found.toSorted((a, b) => b.used - a.used).slice(kept)) {
    await rm(path, { recursive: true, force: true });
  }
}
