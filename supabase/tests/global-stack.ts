import { start } from "@waybill/local-supabase";
import type { TestProject } from "vitest/node";

/** What a test needs to reach the stack, over HTTPS and by SQL. */
export interface StackAddress {
  readonly url: string;
  readonly publishableKey: string;
  readonly secretKey: string;
  readonly dbUrl: string;
  readonly ca: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    stack: StackAddress;
  }
}

export default async function startStack(project: TestProject): Promise<() => Promise<void>> {
  // PostgreSQL as a hosted project runs it; in WebAssembly the 100,000 rows of each table take minutes
  const stack = await start({ engine: "native" });
  const { url, publishableKey, secretKey, dbUrl, ca } = stack;
  project.provide("stack", { url, publishableKey, secretKey, dbUrl, ca });
  return () => stack.stop();
}
