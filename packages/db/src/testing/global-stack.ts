import { start } from "@waybill/local-supabase";
import type { TestProject } from "vitest/node";
import { renderTypes } from "../types/render-types.ts";
import { makeDemoTables } from "./demo-tables.ts";

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

/** One stack for every test file: its types are taken before the demo's tables are there. */
export default async function startStack(project: TestProject): Promise<() => Promise<void>> {
  const stack = await start({ seed: false });
  const { url, publishableKey, secretKey, dbUrl, ca, jwtSecret } = stack;
  project.provide("typesOfMigrations", await renderTypes(dbUrl));
  await makeDemoTables(dbUrl);
  project.provide("stack", { url, publishableKey, secretKey, dbUrl, ca, jwtSecret });
  return () => stack.stop();
}
