import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { codeOf, LocalSupabaseError, messageOf } from "../errors.ts";
import { writeSecretFile } from "./secret-file.ts";

const keysSchema = z.object({
  publishableKey: z.string().startsWith("sb_publishable_"),
  secretKey: z.string().startsWith("sb_secret_"),
  jwtSecret: z.string().min(32),
  databasePassword: z.string().min(16),
});

/** A data directory's own secrets; they last as long as the directory. */
export type Keys = z.infer<typeof keysSchema>;

const random = (bytes: number): string => randomBytes(bytes).toString("base64url");

/** Reads `keys.json` of a data directory, or makes it (mode 0600) on the directory's first start. */
export async function loadKeys(dataDir: string): Promise<Keys> {
  const path = join(dataDir, "keys.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    const keys: Keys = {
      publishableKey: `sb_publishable_${random(24)}`,
      secretKey: `sb_secret_${random(24)}`,
      jwtSecret: random(48),
      databasePassword: random(24),
    };
    await writeSecretFile(path, `${JSON.stringify(keys, null, 2)}\n`);
    return keys;
  }
  try {
    return keysSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new LocalSupabaseError(
      "DATA_DIR_UNUSABLE",
      `${path} is not a whole key file (${messageOf(error)}). Restore it from a backup, or delete it: new keys are made, and everybody has to sign in again.`,
      { cause: error },
    );
  }
}
