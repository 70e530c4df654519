import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeDemoTables } from "@waybill/db/demo-tables";
import { start } from "@waybill/local-supabase";
import type { TestProject } from "vitest/node";
import { searchEvidence } from "./search-evidence.ts";

declare module "vitest" {
  interface ProvidedContext {
    stack: { url: string; publishableKey: string; secretKey: string; jwtSecret: string; dbUrl: string; ca: string };
    /** How many malformed requests, and the seed that they grow from. */
    fuzz: { requests: number; seed: number };
    /** The directory for what is searched for secrets at the end. */
    evidence: string;
    /** How many logins are timed, and in the order of which seed. */
    logins: { tries: number; seed: number };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stack = await start();
  await makeDemoTables(stack.dbUrl);
  const { url, publishableKey, secretKey, jwtSecret, dbUrl, ca } = stack;
  project.provide("stack", { url, publishableKey, secretKey, jwtSecret, dbUrl, ca });
  const evidence = await mkdtemp(join(tmpdir(), "waybill-evidence-"));
  project.provide("evidence", evidence);
  return async () => {
    try {
      await searchEvidence(evidence, dbUrl);
    } finally {
      await stack.stop();
      await rm(evidence, { recursive: true, force: true });
    }
  };
}
