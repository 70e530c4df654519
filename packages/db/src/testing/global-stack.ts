import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { start } from "@waybill/local-supabase";
import postgres from "postgres";
import type { TestProject } from "vitest/node";
import { renderTypes } from "../types/render-types.ts";

/** What a test needs to reach the stack. */
export interface StackAddress {
  readonly url: string;
  readonly publishableKey: string;
  readonly secretKey: string;
  readonly dbUrl: string;
  readonly ca: string;
  /** Signs access tokens, for claims that Auth would not write by itself. */
  readonly jwtSecret: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    stack: StackAddress;
    /** The `Database` type of the migrations alone. */
    typesOfMigrations: string;
  }
}

/** One stack for every test file: its types are taken before the seed adds the demo's tables. */
export default async function startStack(project: TestProject): Promise<() => Promise<void>> {
  const stack = await start({ seed: false });
  const { url, publishableKey, secretKey, dbUrl, ca, jwtSecret } = stack;
  project.provide("typesOfMigrations", await renderTypes(dbUrl));
  await applySeed(dbUrl);
  project.provide("stack", { url, publishableKey, secretKey, dbUrl, ca, jwtSecret });
  return () => stack.stop();
}

async function applySeed(dbUrl: string): Promise<void> {
  const seed = join(import.meta.dirname, "..", "..", "..", "..", "supabase", "seed.sql");
  const sql = postgres(dbUrl, { max: 1, connect_timeout: 20, onnotice: () => undefined });
  try {
    await sql.unsafe(await readFile(seed, "utf8"));
  } finally {
    await sql.end({ timeout: 5 });
  }
}
