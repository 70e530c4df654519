import { readFileSync, readdirSync, existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const made = new Set(["node_modules", "dist"]);

function folders(path: string): string[] {
  return readdirSync(join(root, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && !made.has(entry.name))
    .map((entry) => (path === "" ? entry.name : `${path}/${entry.name}`));
}

/** What the map must name: each package, and the folders of its source. */
function rooms(): string[] {
  const packages = ["apps", "packages"].flatMap(folders);
  const topLevel = folders("").filter((path) => path !== "apps" && path !== "packages");
  const sources = packages
    .filter((path) => existsSync(join(root, path, "src")))
    .flatMap((path) => folders(`${path}/src`));
  return [...packages, ...topLevel, ...sources].toSorted();
}

function mapped(): string[] {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const block = /## Map\n+```text\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  return block
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.split(/\s{2,}/)[0] ?? "")
    .toSorted();
}

test("the README's map names every room of the tree and no other", () => {
  expect(mapped()).toEqual(rooms());
});

test("each room of the map says what it is for", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  for (const path of mapped()) expect(readme).toMatch(new RegExp(`^${path}\\s{2,}\\S`, "m"));
});
