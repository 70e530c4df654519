import { spawn, type ChildProcess } from "node:child_process";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A process that has started a stack in a temporary directory. */
export interface Parent {
  readonly parent: ChildProcess;
  /** Of the stack's own process. */
  readonly pid: number;
  readonly dataDir: string;
}

/** Starts a stack by a process that a test may kill; `statement` runs on it when this returns. */
export async function startParent(engine: "pglite" | "native", project: string, statement?: string): Promise<Parent> {
  const parameters = [engine, project, ...(statement === undefined ? [] : [statement])];
  const parent = spawn(process.execPath, [join(import.meta.dirname, "parent.ts"), ...parameters], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void parent.kill("SIGKILL"));
  for await (const chunk of parent.stdout) {
    const [pid = "", dataDir = ""] = String(chunk).trim().split("|");
    return { parent, pid: Number(pid), dataDir };
  }
  throw new Error("the parent ended without a word");
}

export async function gone(path: string): Promise<boolean> {
  return access(path).then(
    () => false,
    () => true,
  );
}
