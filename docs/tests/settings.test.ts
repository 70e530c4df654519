import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const names = /\b(?:WAYBILL|SUPABASE)_[A-Z][A-Z_]+\b/g;

test("docs/settings.md lists every variable that the server reads, and no other", () => {
  const page = readFileSync(join(root, "docs/settings.md"), "utf8");
  const source = readFileSync(join(root, "apps/server/src/env.ts"), "utf8");
  const read = new Set(source.match(names));
  expect([...new Set(page.match(names))].toSorted()).toEqual([...read].toSorted());
});
