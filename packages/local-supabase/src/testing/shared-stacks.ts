import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import type { StackDetails } from "../stack/messages.ts";
import { start } from "../start.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A stack per engine that test files share: starting one is most of what a short file would cost. */
    pglite: StackDetails;
    native: StackDetails;
  }
}

/** Vitest's global setup: starts the shared stacks, and stops them after the last file. */
export default async function shareStacks({ provide }: TestProject): Promise<() => Promise<void>> {
  await using opened = new AsyncDisposableStack();
  const project = await mkdtemp(join(tmpdir(), "waybill shared "));
  opened.defer(() => rm(project, { recursive: true, force: true }));
  for (const engine of ["pglite", "native"] as const) {
    const { url, publishableKey, secretKey, jwtSecret, dbUrl, ca } = opened.use(await start({ engine, project }));
    provide(engine, { url, publishableKey, secretKey, jwtSecret, dbUrl, ca });
  }
  const closing = opened.move();
  return () => closing.disposeAsync();
}
