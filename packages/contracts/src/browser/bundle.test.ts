import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { expect, it } from "vitest";

/** Bytes gzipped that the validator may cost a page; nearly all of it the engines of CEL and of RE2. */
const bytesAllowed = 80_000;

const { output } = await bundle();
const [{ code, imports }] = output;

async function bundle() {
  const input = join(import.meta.dirname, "../browser.ts");
  await using build = await rolldown({ input, platform: "browser", logLevel: "silent" });
  return await build.generate({ format: "esm", minify: true });
}

it("is one file with nothing left to import, and small", () => {
  expect(output).toHaveLength(1);
  expect(imports).toEqual([]);
  expect(gzipSync(code, { level: 9 }).byteLength).toBeLessThan(bytesAllowed);
});

/** Runs in a process in which code made from text throws, as in a page with a strict Content Security Policy. */
const script = `
import { createRowValidator } from "./bundle.mjs";
let made = "nothing";
try { made = new Function("return 'code'")(); } catch (error) { made = error.name; }
const fields = {
  type: "object", required: ["id"],
  properties: {
    id: { type: "string", pattern: "^[A-Z]{3}$", format: "uri-reference" },
    low: { type: ["integer", "null"] }, high: { type: "integer" },
    tags: { type: "array", maxItems: 5, uniqueItems: true, items: { type: "string" } },
  },
};
const rules = [
  { name: "order", expression: "low == null || low < high", message: "must be below high" },
  { name: "words", expression: 'tags.all(t, t.matches("^[a-z]+$"))', message: "must be words" },
];
const { row } = createRowValidator(fields, rules);
const told = (result) => (result.ok ? [] : result.issues.map(({ field, rule, layer }) => [field, rule, layer].join(" ")));
console.log(JSON.stringify([
  made,
  told(row({ id: "ABC", low: 1, high: 2, tags: ["a"] })),
  told(row({ id: "abc", tags: ["a", "a"] })),
  told(row({ id: "ABC", low: 3, high: 2, tags: ["A"] })),
]));
`;

it("runs where no code may be made from text", async () => {
  const directory = await mkdtemp(join(tmpdir(), "waybill-browser-"));
  try {
    await writeFile(join(directory, "bundle.mjs"), code);
    await writeFile(join(directory, "page.mjs"), script);
    const run = promisify(execFile);
    const { stdout } = await run(
      process.execPath,
      ["--disallow-code-generation-from-strings", join(directory, "page.mjs")],
      { timeout: 60_000 },
    );
    expect(JSON.parse(stdout)).toEqual([
      "EvalError",
      [],
      ["id pattern schema", "tags uniqueItems schema"],
      ["low order rule", "high order rule", "tags words rule"],
    ]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
