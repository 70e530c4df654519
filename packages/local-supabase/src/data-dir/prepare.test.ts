import { pbkdf2 } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { putFiles, temporaryFolder } from "../testing/folders.ts";
import { prepareDataDir } from "./prepare.ts";

test("a directory is made with those above it, for its owner alone, and again by whoever comes at the same moment", async () => {
  const path = join(await temporaryFolder(), "a", "b");
  const made = await Promise.all([prepareDataDir(path), prepareDataDir(path)]);
  expect(new Set(made).size).toBe(1);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

test.skipIf(process.platform !== "linux")("where no directory can be made the answer is a sentence", async () => {
  await expect(prepareDataDir("/proc/nope/deeper", 5_000)).rejects.toMatchObject({
    code: "DATA_DIR_UNUSABLE",
    message:
      "/proc/nope/deeper cannot be a data directory: no directory can be made there; the file system may be read-only. Choose another one.",
  });
});

test("below a file no directory is made", async () => {
  const folder = await temporaryFolder();
  await putFiles(folder, { file: "mine" });
  await expect(prepareDataDir(join(folder, "file", "data"))).rejects.toMatchObject({
    code: "DATA_DIR_UNUSABLE",
    message: expect.stringContaining("there is a file of that name"),
  });
});

test("a file system that does not answer is not waited for", async () => {
  const folder = await temporaryFolder();
  // They keep the threads that file systems are asked in.
  const busy = Array.from({ length: 8 }, () => promisify(pbkdf2)("", "", 100_000, 64, "sha512"));
  await expect(prepareDataDir(join(folder, "data"), 20)).rejects.toMatchObject({
    code: "DATA_DIR_UNUSABLE",
    message: expect.stringMatching(
      /its file system did not answer within 0\.02 s\. Look after it, or choose another one\.$/,
    ),
  });
  await Promise.all(busy);
});
