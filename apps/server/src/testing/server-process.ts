import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { z } from "zod";
import { noteSaid } from "./evidence.ts";
import { plainEnvironment } from "./env.ts";

export interface ServerProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** All that it has said, on both streams. */
  readonly output: () => string;
  /** Rejects with its output if it ends first. */
  readonly ready: Promise<{ url: string; dataDir: string }>;
  /** Exit code, or the signal that killed it. */
  readonly ended: Promise<number | string>;
}

const readySchema = z.object({ kind: z.literal("ready"), url: z.string(), dataDir: z.string() });

/** `main.ts` as its own process, with no settings but these. */
export function forkServer(settings: Record<string, string>): ServerProcess {
  const child = fork(join(import.meta.dirname, "../main.ts"), {
    env: { ...plainEnvironment(), WAYBILL_PORT: "0", ...settings },
    execArgv: ["--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let said = "";
  child.stdout?.on("data", (chunk) => (said += String(chunk)));
  child.stderr?.on("data", (chunk) => (said += String(chunk)));
  // Not the event "close": a parent that disconnects never gets it.
  const streams = [child.stdout, child.stderr].map((stream) => (stream === null ? null : once(stream, "close")));
  const exit = once(child, "exit").then(([code, signal]) => z.union([z.string(), z.number()]).parse(signal ?? code));
  const ended = Promise.all([exit, ...streams]).then(([how]) => how);
  const ready = new Promise<{ url: string; dataDir: string }>((resolve, reject) => {
    child.on("message", (message) => resolve(readySchema.parse(message)));
    void ended.then((how) => reject(new Error(`it ended (${how}) and said: ${said}`)));
  });
  // who only waits for its end does not care
  ready.catch(() => {});
  return {
    child,
    output: () => said,
    ready,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
      noteSaid("a server process's output", said);
    },
  };
}
