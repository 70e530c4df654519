import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";

type WriterMode = "loop" | "open" | "registered" | "plain";

export interface WriterProcess extends AsyncDisposable {
  readonly pid: number | undefined;
  /** Resolves when it says that it is ready. */
  ready(): Promise<void>;
  /** Resolves with the exit code when it ends by itself. */
  ended(): Promise<unknown>;
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>;
}

/** Starts `writer.ts` in a process of its own. */
export function startWriter(mode: WriterMode, journalDir: string, url: string): WriterProcess {
  const script = join(import.meta.dirname, "writer.ts");
  const child = spawn(process.execPath, [script, mode, journalDir, url], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };
  return {
    pid: child.pid,
    ready: () => saysReady(child.stdout),
    async ended() {
      const [code]: unknown[] = await exited;
      return code;
    },
    kill,
    [Symbol.asyncDispose]: kill,
  };
}

async function saysReady(output: Readable): Promise<void> {
  let said = "";
  for await (const chunk of output.setEncoding("utf8")) {
    said += String(chunk);
    if (said.includes("ready\n")) return;
  }
  throw new Error(`the writer ended before it was ready: ${said}`);
}
