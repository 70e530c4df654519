import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { decryptSecret, encryptSecret, makeEncryptionKey, parseEncryptionKeys } from "./secrets.ts";

const place = { table: "authentication_contexts", column: "access_token", row: "session-1" };
const key = makeEncryptionKey("k1");
const keys = parseEncryptionKeys(key);

describe("a secret at rest", () => {
  test.each(["", "a", "sb_secret_0123456789", "é😀\n\0", "x".repeat(16_384)])("comes back as it was: %#", (plain) => {
    const sealed = encryptSecret(keys, plain, place);
    expect(sealed).toMatch(/^v1:k1:[A-Za-z0-9_-]+$/);
    expect(decryptSecret(keys, sealed, place)).toBe(plain);
  });

  test("shows nothing of what it holds", () => {
    expect(encryptSecret(keys, "sb_secret_0123456789", place)).not.toMatch(/sb_secret|0123456789/);
    expect(encryptSecret(keys, "é😀 in clear", place)).not.toContain("clear");
  });

  test("is another text each time", () => {
    const sealed = new Set(Array.from({ length: 100 }, () => encryptSecret(keys, "same", place)));
    expect(sealed.size).toBe(100);
  });

  test("is refused after a change of any byte", () => {
    const sealed = encryptSecret(keys, "secret", place);
    const body = Buffer.from(sealed.slice("v1:k1:".length), "base64url");
    for (const [index, byte] of body.entries()) {
      const changed = Buffer.from(body);
      changed[index] = byte ^ 1;
      expect(() => decryptSecret(keys, `v1:k1:${changed.toString("base64url")}`, place)).toThrow(/it was changed/);
    }
  });

  test.each([
    { ...place, row: "session-2" },
    { ...place, column: "refresh_token" },
    { ...place, table: "supabase_clients" },
  ])("is refused at another place: %j", (other) => {
    expect(() => decryptSecret(keys, encryptSecret(keys, "secret", place), other)).toThrow(/belongs to another row/);
  });

  test.each(["", "v1", "v1:k1", "v2:k1:AAAA", "v1:k1:AAAA", "v1:k1:", "v1:k1:AAAA:BBBB"])("%j is none", (value) => {
    expect(() => decryptSecret(keys, value, place)).toThrow(/cannot be decrypted/);
  });

  test("of an unknown key is refused, and the sentence names the key and says what to do", () => {
    const other = parseEncryptionKeys(makeEncryptionKey("k2"));
    const sealed = encryptSecret(other, "secret", place);
    expect(() => decryptSecret(keys, sealed, place)).toThrow(/its key k2 is not known/);
    expect(() => decryptSecret(keys, sealed, place)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("WAYBILL_ENCRYPTION_KEY") }),
    );
  });

  test("under the same key id but another key is refused, and the sentence names the key", () => {
    const impostor = parseEncryptionKeys(makeEncryptionKey("k1"));
    expect(() => decryptSecret(impostor, encryptSecret(keys, "secret", place), place)).toThrow(
      /key k1 is another one than that it was encrypted with/,
    );
  });
});

describe("rotation", () => {
  test("the first key encrypts, every key decrypts", () => {
    const rotated = parseEncryptionKeys(`${makeEncryptionKey("k2")}, ${key}`);
    const old = encryptSecret(keys, "from before", place);
    expect(decryptSecret(rotated, old, place)).toBe("from before");
    expect(encryptSecret(rotated, "since", place)).toMatch(/^v1:k2:/);
  });
});

describe("keys that cannot be read", () => {
  const short = randomBytes(16).toString("base64");
  test.each([
    ["", /Key 1 has no valid id/],
    [randomBytes(32).toString("base64"), /Key 1 has no valid id/],
    [`k1:${short}`, /Key k1 has 16 bytes, not 32/],
    [`${key},`, /Key 2 has no valid id/],
    [`${key},${key}`, /The key id k1 is there twice/],
    [`k 1:${randomBytes(32).toString("base64")}`, /Key 1 has no valid id/],
  ])("%#", (text, message) => {
    expect(() => parseEncryptionKeys(text)).toThrow(message);
  });

  test("never show themselves in the error", () => {
    const secret = randomBytes(31).toString("base64");
    const thrown = [`k1:${secret}`, secret, `k1:${secret},k1:${secret}`].map((text) => {
      try {
        return parseEncryptionKeys(text);
      } catch (error) {
        return error instanceof Error ? `${error.message} ${JSON.stringify(error)}` : error;
      }
    });
    expect(thrown.join("\n")).toMatch(/cannot be read/);
    expect(thrown.join("\n")).not.toContain(secret.slice(0, 12));
  });
});
