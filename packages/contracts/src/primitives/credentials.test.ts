import { describe, expect, it } from "vitest";
import { expectIssue } from "../testing/expect-issue.ts";
import { token } from "../testing/tokens.ts";
import { clientTypeOfKey, encryptedSchema, jwtSchema, supabaseKeySchema, tokenHashSchema } from "./credentials.ts";

describe("clientTypeOfKey", () => {
  it.each([
    ["sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH", "anon"],
    ["sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz", "service_role"],
    [token({ role: "anon", iss: "supabase" }), "anon"],
    [token({ role: "service_role" }), "service_role"],
    [token({ role: "authenticated" }), null],
    [token({ role: "service_role" }, { alg: "none" }), null],
    ["sb_secret_short", null],
    ["sb_secret_with blank in it", null],
    ["", null],
    [`sb_secret_${"a".repeat(20_000)}`, null],
  ])("%s is a key of %s", (key, type) => {
    expect(clientTypeOfKey(key)).toBe(type);
    expect(supabaseKeySchema.safeParse(key).success).toBe(type !== null);
  });
});

describe("jwtSchema", () => {
  it("takes a token of Supabase Auth, also one with text beyond ASCII", () => {
    expect(jwtSchema.safeParse(token({ sub: "1", name: "Zoë 🛫" })).success).toBe(true);
  });

  it.each([
    ["empty", ""],
    ["two parts", "a.b"],
    ["four parts", `${token({})}.x`],
    ["no signature", token({}).replace(/[^.]+$/, "")],
    ["alg none", token({}, { alg: "none" })],
    ["alg None", token({}, { alg: "None" })],
    ["no alg", token({}, { typ: "JWT" })],
    ["a payload that is no object", token([1])],
    ["base64 with padding", token({}).replace(".", "=.")],
    ["a header that is no JSON", `abc${token({})}`],
    ["claims beyond 16 KiB", token({ sub: "a".repeat(16_384) })],
    ["10 MB", `${"a".repeat(10_000_000)}.a.a`],
  ])("refuses a token with %s", (_fault, text) => expectIssue(jwtSchema, text, "", /signed JSON Web Token/));

  it("and its like take text only", () => {
    for (const schema of [jwtSchema, supabaseKeySchema, encryptedSchema, tokenHashSchema])
      expectIssue(schema, 7, "", /must be a string/);
  });
});

describe("encryptedSchema and tokenHashSchema", () => {
  it("tell a ciphertext and a hash from plain text", () => {
    const cipher = `v1:key-2:${"A".repeat(39)}`;
    expect(encryptedSchema.parse(cipher)).toBe(cipher);
    for (const text of [
      token({}),
      "sb_secret_abcdefgh",
      `v2:k:${"A".repeat(39)}`,
      `v1::${"A".repeat(39)}`,
      "v1:k:short",
    ]) {
      expectIssue(encryptedSchema, text, "", /ciphertext/);
    }
    expect(tokenHashSchema.safeParse("0".repeat(64)).success).toBe(true);
    expectIssue(tokenHashSchema, "wbs_abc", "", /SHA-256/);
  });
});
