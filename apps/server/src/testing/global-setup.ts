import { start } from "@waybill/local-supabase";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    stack: { url: string; publishableKey: string; secretKey: string; jwtSecret: string; dbUrl: string; ca: string };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stack = await start();
  const { url, publishableKey, secretKey, jwtSecret, dbUrl, ca } = stack;
  project.provide("stack", { url, publishableKey, secretKey, jwtSecret, dbUrl, ca });
  return () => stack.stop();
}
