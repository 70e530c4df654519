import { open, rename, rm } from "node:fs/promises";

/** Writes a file that only its owner may read, whole or not at all: a crash never leaves half of a secret behind. */
export async function writeSecretFile(path: string, content: string | Uint8Array): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  const file = await open(partial, "w", 0o600);
  try {
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
