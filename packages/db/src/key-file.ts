import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WaybillDbError } from "./errors.ts";
import { type EncryptionKeys, makeEncryptionKey, parseEncryptionKeys } from "./secrets.ts";

/**
 * The encryption keys in `encryption.key` of a directory (mode 0600, the directory 0700), made at the first use.
 * Processes that start at once agree on one: the file appears whole, or not at all.
 */
export function keysOfDirectory(directory: string): EncryptionKeys {
  try {
    return readOrMake(directory);
  } catch (error) {
    if (error instanceof WaybillDbError) throw error;
    throw new WaybillDbError({
      code: "ENVIRONMENT_INVALID",
      message: `The key file in ${directory} can be neither read nor made (${error instanceof Error ? error.message : String(error)}).`,
      hint: "Make the directory writable for this user, or give the keys in WAYBILL_ENCRYPTION_KEY (option encryptionKeys).",
      cause: error,
    });
  }
}

function readOrMake(directory: string): EncryptionKeys {
  const path = join(directory, "encryption.key");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const made = join(directory, `encryption.key.${randomUUID()}`);
  try {
    return parseEncryptionKeys(readFileSync(path, "utf8").trim());
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw error;
  }
  try {
    writeFileSync(made, `${makeEncryptionKey()}\n`, { mode: 0o600, flag: "wx" });
    linkSync(made, path);
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
  } finally {
    rmSync(made, { force: true });
  }
  return parseEncryptionKeys(readFileSync(path, "utf8").trim());
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
