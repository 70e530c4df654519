import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";

const accountSchema = z.object({ email: z.email(), password: z.string().min(12) });

/** `<data dir>/demo.json` (0600): the accounts made by `pnpm start`, and whether all of the demo's data is there. */
const demoNoteSchema = z.object({
  /** Declared the models; may also read every record (`operations.list`) and the connections (`clients.list`). */
  admin: accountSchema,
  /** Owns the demo's rows. */
  user: accountSchema,
  /** ISO time of the moment when the last row was in; null while a load is under way or was interrupted. */
  loaded_at: z.iso.datetime().nullable(),
});
export type DemoNote = z.infer<typeof demoNoteSchema>;

/** The note; null before the first start. Throws a sentence when the file is there but is none of ours. */
export async function readDemoNote(path: string): Promise<DemoNote | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
  const parsed = demoNoteSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new Error(`${path} is damaged. Remove it: the next start makes new demo accounts and loads what is missing.`);
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
