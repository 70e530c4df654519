import { start } from "@waybill/local-supabase";
import type { TestProject } from "vitest/node";

/** What a test needs to reach the stack. */
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
  const stack = await start();
  const { url, publishableKey, secretKey, dbUrl, ca } = stack;
  project.provide("stack", { url, publishableKey, secretKey, dbUrl, ca });
  return () => stack.stop();
}
