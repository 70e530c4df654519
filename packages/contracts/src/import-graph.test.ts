import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

/** Every package that a source file loads at run time, through all files it imports. */
function packagesOf(entry: string): Set<string> {
  const packages = new Set<string>();
  const files = new Set([join(import.meta.dirname, entry)]);
  for (const file of files) {
    const source = readFileSync(file, "utf8");
    for (const [, clause = "", name = ""] of source.matchAll(/^(?:import|export)\b([^"';]*?)\bfrom "([^"]+)";$/gms)) {
      if (/^\s+type\b/.test(clause)) continue;
      if (name.startsWith(".")) files.add(join(dirname(file), name));
      else packages.add(name);
    }
    expect(source, `${file} must import statically, so that this test sees it`).not.toMatch(
      /\bimport\(|\brequire\(|^import "/m,
    );
  }
  return packages;
}

describe("the entries", () => {
  it("load zod and nothing else from .", () => {
    expect([...packagesOf("index.ts")]).toEqual(["zod"]);
  });

  it("keep ajv and re2js behind ./json-schema", () => {
    expect([...packagesOf("json-schema.ts")].sort()).toEqual(["ajv/dist/2020.js", "re2js", "zod"]);
  });

  it("spare browsers zod and ajv at ./browser", () => {
    expect([...packagesOf("browser.ts")].sort()).toEqual(["@marcbachmann/cel-js", "re2js"]);
  });
});
