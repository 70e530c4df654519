import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";

/** What `sessions.login` takes. */
const accountSchema = z.object({ email: z.string(), password: z.string().min(12) });
const firstAdminSchema = accountSchema.extend({ user_id: z.string() });

/** `<data dir>/demo.json` (0600): the demo's user, and whether all of the demo's data is there. */
const demoNoteSchema = z.object({
  /** Owns the demo's rows. */
  user: accountSchema,
  /** ISO time of the moment when the last row was in; null while a load is under way or was interrupted. */
  loaded_at: z.iso.datetime().nullable(),
  /** The first admin's id, which no other database has: what is loaded there, is not in the next one. */
  admin_id: z.string().optional(),
});
export type DemoNote = z.infer<typeof demoNoteSchema>;

/** The note; null before the first start. Throws a sentence when the file is there but is none of ours. */
export async function readDemoNote(path: string): Promise<DemoNote | null> {
  try {
    return demoNoteSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    const remedy = "Remove it: the next start makes a new demo user and loads what is missing.";
    throw new Error(`${path} cannot be used. ${remedy}`, { cause });
  }
}

/** The admin that the server made on its first start with the embedded Supabase: `<data dir>/admin.json`. */
export async function readFirstAdmin(path: string): Promise<z.infer<typeof firstAdminSchema>> {
  try {
    return firstAdminSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (cause) {
    throw new Error(`${path} cannot be used. Remove it: the next start makes a new one.`, { cause });
  }
}

/** Written whole or not at all, for its owner only. */
export async function writeDemoNote(path: string, note: DemoNote): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const partial = `${path}.part`;
  try {
    await writeFile(partial, `${JSON.stringify(note, null, 2)}\n`, { mode: 0o600, flush: true });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
