import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** `pnpm start` as a program, for its test. Disposing of it kills it; its server goes with it. */
export interface StartProgram extends AsyncDisposable {
  readonly pid: number;
  /** Everything that it said so far, both streams. */
  readonly said: () => string;
  /** The first group of the pattern in what it says, as soon as it says so. */
  readonly says: (pattern: RegExp) => Promise<string>;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** `0`, `1`, … or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Beyond a first start on a busy machine. */
const deadlineMs = 150_000;

export function runStartProgram(env: NodeJS.ProcessEnv): StartProgram {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../start.ts")], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = (async (): Promise<number | NodeJS.Signals> => {
    await once(child, "close");
    return child.exitCode ?? child.signalCode ?? -1;
  })();
  let said = "";
  const waiting = new Set<() => void>();
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on("line", (line) => {
      said += `${line}\n`;
      for (const look of waiting) look();
    });
  }
  const says = async (pattern: RegExp): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const look = (): void => {
      const found = pattern.exec(said);
      if (found) resolve(found[1] ?? found[0]);
    };
    waiting.add(look);
    const deadline = setTimeout(() => reject(new Error(`it never said ${pattern}, but:\n${said}`)), deadlineMs);
    void ended.then(() => reject(new Error(`it ended without saying ${pattern}:\n${said}`)));
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(deadline);
      waiting.delete(look);
    }
  };
  return {
    pid: child.pid ?? 0,
    said: () => said,
    says,
    signal: (signal) => void child.kill(signal),
    ended,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
