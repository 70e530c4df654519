import { chmod, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fillFromTemplate } from "./template.ts";
import { temporaryFolder } from "../testing/folders.ts";

/** Builds a small directory, and counts how often. */
function builder() {
  const built: string[] = [];
  const build = async (directory: string): Promise<void> => {
    built.push(directory);
    await mkdir(join(directory, "base", "empty"), { recursive: true });
    await writeFile(join(directory, "base", "1"), "one");
    await writeFile(join(directory, "PG_VERSION"), "17");
  };
  return { built, build };
}

const listed = async (directory: string): Promise<string[]> =>
  (await readdir(directory, { recursive: true })).toSorted();
const content = ["PG_VERSION", "base", "base/1", "base/empty"];

test("the first directory is built, the second copied, both readable by their owner only", async () => {
  const folder = await temporaryFolder();
  const { built, build } = builder();
  for (const name of ["a", "b"]) await fillFromTemplate(join(folder, name), "key", build, join(folder, "cache"));
  expect(built).toEqual([join(folder, "a.partial")]);
  expect(await listed(join(folder, "a"))).toEqual(content);
  expect(await listed(join(folder, "b"))).toEqual(content);
  expect((await stat(join(folder, "b", "base", "1"))).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, "b"))).mode & 0o777).toBe(0o700);
  expect((await stat(join(folder, "cache"))).mode & 0o777).toBe(0o700);
  await fillFromTemplate(join(folder, "c"), "another key", build, join(folder, "cache"));
  expect(built).toHaveLength(2);
});

test.each([
  ["a changed file", (template: string) => writeFile(join(template, "files", "base", "1"), "two")],
  ["a missing file", (template: string) => rm(join(template, "files", "PG_VERSION"))],
  ["half a manifest", (template: string) => writeFile(join(template, "manifest.json"), '{"files":')],
])("a template with %s is built again and replaced", async (_what, damage) => {
  const folder = await temporaryFolder();
  const { built, build } = builder();
  const cache = join(folder, "cache");
  await fillFromTemplate(join(folder, "a"), "key", build, cache);
  await damage(join(cache, "key"));
  await fillFromTemplate(join(folder, "b"), "key", build, cache);
  expect(built).toHaveLength(2);
  expect(await readFile(join(folder, "b", "base", "1"), "utf8")).toBe("one");
  await fillFromTemplate(join(folder, "c"), "key", build, cache);
  expect(built).toHaveLength(2);
});

test("several that start at once all get a whole directory", async () => {
  const folder = await temporaryFolder();
  const { build } = builder();
  const names = ["a", "b", "c", "d"];
  await Promise.all(names.map((name) => fillFromTemplate(join(folder, name), "key", build, join(folder, "cache"))));
  for (const name of names) expect(await listed(join(folder, name))).toEqual(content);
  expect(await readdir(join(folder, "cache"))).toEqual(["key"]);
});

test("where the cache cannot be written the directory is built in place", async () => {
  const folder = await temporaryFolder();
  const { built, build } = builder();
  await writeFile(join(folder, "cache"), "a file where the cache should be");
  await fillFromTemplate(join(folder, "a"), "key", build, join(folder, "cache"));
  expect(built).toHaveLength(1);
  expect(await listed(join(folder, "a"))).toEqual(content);
});

test("a build that was killed leaves nothing that looks finished", async () => {
  const folder = await temporaryFolder();
  const { build } = builder();
  const target = join(folder, "a");
  const killed = fillFromTemplate(
    target,
    "key",
    async (directory) => {
      await mkdir(directory);
      await writeFile(join(directory, "half"), "");
      throw new Error("killed");
    },
    join(folder, "cache"),
  );
  await expect(killed).rejects.toThrow("killed");
  await expect(stat(target)).rejects.toMatchObject({ code: "ENOENT" });
  await fillFromTemplate(target, "key", build, join(folder, "cache"));
  expect(await listed(target)).toEqual(content);
});

test("the cache keeps the five that were used last", async () => {
  const folder = await temporaryFolder();
  const cache = join(folder, "cache");
  const { build } = builder();
  for (const [age, key] of ["a", "b", "c", "d", "e"].entries()) {
    await fillFromTemplate(join(folder, key), key, build, cache);
    const used = new Date(2026, 0, age + 1);
    await utimes(join(cache, key), used, used);
  }
  await fillFromTemplate(join(folder, "again"), "a", build, cache); // used now
  await fillFromTemplate(join(folder, "f"), "f", build, cache);
  expect((await readdir(cache)).toSorted()).toEqual(["a", "c", "d", "e", "f"]);
  await chmod(cache, 0o700);
});
