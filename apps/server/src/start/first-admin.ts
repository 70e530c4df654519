import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Waybill } from "@waybill/db";
import { makeAdmin } from "./make-admin.ts";
import { readIfThere, writePrivateFile } from "./private-file.ts";

const email = "admin@waybill.local";

/**
 * The embedded stack's first admin, made once; its password stands in `<data dir>/admin.json` (0600) and nowhere else.
 * A crash between account and file is mended by the next start, which sets a new password.
 */
export async function ensureFirstAdmin(waybill: Waybill, dataDir: string): Promise<string> {
  const path = join(dataDir, "admin.json");
  if ((await readIfThere(path)) !== null) return path;
  const password = newPassword();
  const { userId } = await makeAdmin(waybill, { email, password, newPassword: password });
  await writePrivateFile(path, `${JSON.stringify({ email, password, user_id: userId }, null, 2)}\n`);
  return path;
}

export function newPassword(): string {
  return randomBytes(24).toString("base64url");
}
