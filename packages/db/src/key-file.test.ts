import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { keysOfDirectory } from "./key-file.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "waybill-keys-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it("makes a key once, for its owner only, and leaves nothing else behind", () => {
  const inside = join(directory, "made", "here");
  const first = keysOfDirectory(inside);
  expect(keysOfDirectory(inside).currentId).toBe(first.currentId);
  expect(readdirSync(inside)).toEqual(["encryption.key"]);
  expect(statSync(join(inside, "encryption.key")).mode & 0o777).toBe(process.platform === "win32" ? 0o666 : 0o600);
});

it("says which directory it cannot use", () => {
  writeFileSync(join(directory, "file"), "");
  const cannot = () => keysOfDirectory(join(directory, "file", "below"));
  expect(cannot).toThrow(expect.objectContaining({ code: "ENVIRONMENT_INVALID" }));
  expect(cannot).toThrow(join(directory, "file", "below"));
});

it("refuses a file that holds no key, and does not replace it", () => {
  writeFileSync(join(directory, "encryption.key"), "garbage");
  expect(() => keysOfDirectory(directory)).toThrow(/keys cannot be read/);
});
