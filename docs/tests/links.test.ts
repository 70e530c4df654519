import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

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

test("every command the documents name is a script", () => {
  const scripts: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const names = typeof scripts === "object" && scripts !== null ? Reflect.get(scripts, "scripts") : {};
  for (const page of pages) {
    const text = readFileSync(join(root, page), "utf8");
    for (const [, name] of text.matchAll(/(?:npx -y pnpm@[\d.]+|`pnpm) ([a-z][a-z:]*)/g)) {
      if (name === "exec" || name === "install") continue;
      expect(names, `${page} names ${String(name)}`).toHaveProperty([String(name)]);
    }
  }
});
