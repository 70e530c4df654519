import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";

const root = join(import.meta.dirname, "../..");
const pages = [
  ...globSync("*.md", { cwd: root }),
  ...globSync("docs/**/*.md", { cwd: root, exclude: ["**/node_modules/**"] }),
];

test.each(pages)("every relative link of %s leads somewhere", (page) => {
  const text = readFileSync(join(root, page), "utf8");
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map((match) => match[1] ?? "");
  for (const link of links) expect(existsSync(join(root, dirname(page), link)), `${page} → ${link}`).toBe(true);
});

const { scripts: names, packageManager } = z
  .object({ scripts: z.record(z.string(), z.string()), packageManager: z.string() })
  .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));

test("every command the documents name is a script", () => {
  for (const page of pages) {
    const text = readFileSync(join(root, page), "utf8");
    for (const [, name] of text.matchAll(/(?:npx -y pnpm@[\d.]+|`pnpm) ([a-z][a-z:]*)/g)) {
      if (["exec", "install", "add"].includes(String(name))) continue;
      expect(names, `${page} names ${String(name)}`).toHaveProperty([String(name)]);
    }
  }
});

test("whoever names a version of pnpm names the pinned one", () => {
  for (const path of [...pages, ".ci/run", "apps/client-demo/src/start/welcome.ts"]) {
    const named = new Set(readFileSync(join(root, path), "utf8").match(/pnpm@[\d.]+\d/g));
    expect(
      [...named].filter((version) => version !== packageManager),
      `${path} names another`,
    ).toEqual([]);
  }
});
