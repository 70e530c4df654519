import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from "node:crypto";
import { WaybillDbError } from "./errors.ts";

/** Keys for what is encrypted at rest: the current one encrypts, every one decrypts, so that keys can rotate. */
export interface EncryptionKeys {
  readonly currentId: string;
  readonly byId: ReadonlyMap<string, KeyObject>;
}

/** Where a value lives. It is authenticated with the value: a token copied to another row or column does not decrypt. */
export interface SecretPlace {
  readonly table: string;
  readonly column: string;
  /** The primary key of the row. */
  readonly row: string;
}

/** Where a client's key is stored, so that a ciphertext copied to another row does not decrypt. */
export function keyPlace(clientId: string): SecretPlace {
  return { table: "supabase_clients", column: "supabase_key", row: clientId };
}

const algorithm = "aes-256-gcm";
const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;
const keyIdFormat = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Reads `id:base64key[,id:base64key…]` (`WAYBILL_ENCRYPTION_KEY`): the first is current, the others only decrypt.
 * The text itself never appears in an error.
 */
export function parseEncryptionKeys(text: string): EncryptionKeys {
  const byId = new Map<string, KeyObject>();
  let currentId: string | undefined;
  for (const [position, entry] of text.split(",").entries()) {
    const { id, key } = parseKey(entry.trim(), position + 1);
    if (byId.has(id)) throw invalidKeys(`The key id ${id} is there twice.`);
    byId.set(id, key);
    currentId ??= id;
  }
  if (currentId === undefined) throw invalidKeys("There is no key.");
  return { currentId, byId };
}

/** A new random key in the form that {@link parseEncryptionKeys} reads. */
export function makeEncryptionKey(id = `k${Date.now().toString(36)}`): string {
  return `${id}:${randomBytes(keyBytes).toString("base64")}`;
}

/** `v1:<key id>:<base64url of iv, ciphertext and tag>` by AES-256-GCM; two calls never give the same value. */
export function encryptSecret(keys: EncryptionKeys, plain: string, place: SecretPlace): string {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv(algorithm, keyOf(keys, keys.currentId), iv, { authTagLength: tagBytes });
  cipher.setAAD(aad(place));
  const sealed = Buffer.concat([iv, cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${keys.currentId}:${sealed.toString("base64url")}`;
}

/** The inverse of {@link encryptSecret}; throws for an unknown key, another place or a changed value. */
export function decryptSecret(keys: EncryptionKeys, value: string, place: SecretPlace): string {
  const [version, keyId, body, ...rest] = value.split(":");
  if (version !== "v1" || keyId === undefined || body === undefined || rest.length > 0) {
    throw unreadable(place, "it is not of the form v1:<key id>:<data>");
  }
  const sealed = Buffer.from(body, "base64url");
  if (sealed.length < ivBytes + tagBytes) throw unreadable(place, "it is too short");
  const decipher = createDecipheriv(algorithm, keyOf(keys, keyId, place), sealed.subarray(0, ivBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(aad(place));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  try {
    return decipher.update(sealed.subarray(ivBytes, -tagBytes), undefined, "utf8") + decipher.final("utf8");
  } catch {
    const why = `key ${keyId} is another one than that it was encrypted with, or it was changed, or belongs to another row or column`;
    throw unreadable(place, why);
  }
}

function parseKey(entry: string, position: number): { id: string; key: KeyObject } {
  const colon = entry.indexOf(":");
  const id = entry.slice(0, Math.max(colon, 0));
  if (!keyIdFormat.test(id)) throw invalidKeys(`Key ${position} has no valid id before its colon.`);
  const bytes = Buffer.from(entry.slice(colon + 1), "base64");
  if (bytes.length !== keyBytes) throw invalidKeys(`Key ${id} has ${bytes.length} bytes, not ${keyBytes}.`);
  return { id, key: createSecretKey(bytes) };
}

function keyOf(keys: EncryptionKeys, id: string, place?: SecretPlace): KeyObject {
  const key = keys.byId.get(id);
  if (key !== undefined) return key;
  throw place === undefined
    ? invalidKeys(`The key ${id} is missing.`)
    : unreadable(place, `its key ${id} is not known`);
}

function aad(place: SecretPlace): Buffer {
  return Buffer.from(JSON.stringify([`${place.table}.${place.column}`, place.row]));
}

function invalidKeys(message: string): WaybillDbError {
  return new WaybillDbError({
    code: "ENVIRONMENT_INVALID",
    message: `The encryption keys cannot be read: ${message}`,
    hint: "Write id:base64key[,id:base64key…] with 32 random bytes a key; the first one encrypts.",
  });
}

function unreadable(place: SecretPlace, why: string): WaybillDbError {
  return new WaybillDbError({
    code: "INTERNAL",
    message: `The secret in ${place.table}.${place.column} cannot be decrypted: ${why}.`,
    hint: "Keep the old key, under its own id, after the new one in WAYBILL_ENCRYPTION_KEY; if it is lost, sign in again.",
  });
}
