import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, inject, test } from "vitest";

test("database.types.ts is what the migrations say; else run pnpm gen:types", async () => {
  const written = await readFile(join(import.meta.dirname, "..", "database.types.ts"), "utf8");
  expect(written).toBe(inject("typesOfMigrations"));
});
