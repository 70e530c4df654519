import { rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readIfThere, writePrivateFile } from "./private-file.ts";

const noteSchema = z.object({
  url: z.string(),
  publishableKey: z.string(),
  secretKey: z.string(),
  jwtSecret: z.string(),
  ca: z.string(),
  pid: z.int(),
});
export type StackNote = z.infer<typeof noteSchema>;

/**
 * `<data dir>/stack.json` (0600): how to reach the embedded stack while a server runs it. A data directory has one
 * opener, so the command `admin` beside a running server comes in by this note.
 */
export function runningStack(dataDir: string) {
  const path = join(dataDir, "stack.json");
  return {
    async write(note: StackNote): Promise<{ remove(): Promise<void> }> {
      await writePrivateFile(path, `${JSON.stringify(note, null, 2)}\n`);
      return { remove: () => rm(path, { force: true }) };
    },
    /** The note of the server that runs now, or was killed last; null if none was left. */
    async read(): Promise<StackNote | null> {
      const text = await readIfThere(path);
      return text === null ? null : noteSchema.parse(JSON.parse(text));
    },
  };
}
