import { start } from "@waybill/local-supabase";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    stack: { url: string; publishableKey: string; secretKey: string; jwtSecret: string; dbUrl: string; ca: string };
    /** How many malformed requests, and the seed that they grow from. */
    fuzz: { requests: number; seed: number };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stack = await start();
  const { url, publishableKey, secretKey, jwtSecret, dbUrl, ca } = stack;
  project.provide("stack", { url, publishableKey, secretKey, jwtSecret, dbUrl, ca });
  return () => stack.stop();
}
