import { describe, expect, it } from "vitest";
import { expectIssue } from "../testing/expect-issue.ts";
import { byteLength, nonEmptyText, textSchema, uuidSchema, uuidv7Schema } from "./text.ts";

describe("textSchema", () => {
  it("takes any storable text and refuses NUL and half a character", () => {
    expect(textSchema.parse("Zürich 🛫\n")).toBe("Zürich 🛫\n");
    expectIssue(textSchema, "a\u0000", "", /must not contain a NUL/);
    expectIssue(textSchema, "\udc00", "", /half of a surrogate pair/);
    expectIssue(textSchema, 1, "", /must be a string/);
  });
});

describe("nonEmptyText", () => {
  it("takes 1 to the limit of characters and no blank", () => {
    const short = nonEmptyText(3);
    expect(short.parse("abc")).toBe("abc");
    expectIssue(short, "abcd", "", /at most 3 characters/);
    expectIssue(short, " ", "", /must not be empty/);
    expectIssue(short, "", "", /must not be empty/);
  });
});

describe("uuidSchema", () => {
  it("takes whatever a uuid column holds; uuidv7Schema only ids in order of time", () => {
    for (const id of ["00000000-0000-0000-0000-00000000000a", "0193f2a4-7d1e-7c3a-9b0e-5f6a7b8c9d0e"]) {
      expect(uuidSchema.parse(id)).toBe(id);
    }
    expect(uuidv7Schema.safeParse("0193f2a4-7d1e-7c3a-9b0e-5f6a7b8c9d0e").success).toBe(true);
    expectIssue(uuidv7Schema, "4f9c0f0e-7f6b-4d0e-9a55-0d2f1b7e6a11", "", /UUIDv7/);
    expectIssue(uuidSchema, "0193f2a47d1e7c3a9b0e5f6a7b8c9d0e", "", /must be a UUID/);
  });
});

describe("byteLength", () => {
  it("counts UTF-8", () => expect(byteLength("é🛫")).toBe(6));
});
