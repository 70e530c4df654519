import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Waybill } from "@waybill/db";
import { z } from "zod";
import { codeOfAuth } from "../trpc/error-table.ts";
import { makeAdmin } from "./make-admin.ts";
import { readIfThere, writePrivateFile } from "./private-file.ts";

const email = "admin@waybill.local";
const noteSchema = z.object({ email: z.string(), password: z.string(), user_id: z.guid() });

/**
 * The embedded stack's first admin, made once; its password stands in `<data dir>/admin.json` (0600) and nowhere else.
 * A crash between account and file is mended by the next start, which sets a new password; so is a file that is left of
 * a database that was thrown away.
 */
export async function ensureFirstAdmin(waybill: Waybill, dataDir: string): Promise<string> {
  const path = join(dataDir, "admin.json");
  const text = await readIfThere(path);
  if (text !== null && (await isOfThisDatabase(waybill, text))) return path;
  const password = newPassword();
  const { userId } = await makeAdmin(waybill, { email, password, newPassword: password });
  await writePrivateFile(path, `${JSON.stringify({ email, password, user_id: userId }, null, 2)}\n`);
  return path;
}

async function isOfThisDatabase(waybill: Waybill, text: string): Promise<boolean> {
  const note = noteSchema.safeParse(jsonOf(text));
  if (!note.success) return false;
  const { error } = await waybill.service().auth.admin.getUserById(note.data.user_id);
  // any other failure says nothing about the account
  return error === null || codeOfAuth(error.code ?? "") !== "NOT_FOUND";
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function newPassword(): string {
  return randomBytes(24).toString("base64url");
}
