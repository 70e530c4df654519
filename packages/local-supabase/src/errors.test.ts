import { expect, test } from "vitest";
import { messageOf } from "./errors.ts";

test("what PGlite's file system throws is told in a sentence, a full disk by name", () => {
  expect(messageOf({ name: "ErrnoError", errno: 51 })).toMatch(/^The disk is full\. Free some space/);
  expect(messageOf({ name: "ErrnoError", errno: 29 })).toMatch(
    /^The database's files cannot be used \(error 29 of WASI\)\. /,
  );
});
