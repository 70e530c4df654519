import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { join } from "node:path";

const ANSWER_MS = 60_000;

/** A process of ours that answers one message with one message. */
export interface Child extends AsyncDisposable {
  ask(message: object): Promise<unknown>;
}

/** Whether processes can be kept on a core of their own: the measured one, and the one of what it talks to. */
export const canPin =
  availableParallelism() > 1 && spawnSync("taskset", ["-c", "1", "true"], { stdio: "ignore" }).status === 0;

/** The core of the contenders; everything else runs on 1. */
export const MEASURED = 0;
export const OTHER = 1;

/** Starts a program of this folder, and asks it to begin with `setup`. */
export async function startChild(
  program: string,
  core: number,
  setup: object = {},
): Promise<{ child: Child; ready: unknown }> {
  const node = [process.execPath, join(import.meta.dirname, program)];
  const [command = "", ...rest] = canPin ? ["taskset", "-c", String(core), ...node] : node;
  const running = spawn(command, rest, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const ended = once(running, "exit");
  const child: Child = {
    async ask(message) {
      const answer = once(running, "message", { signal: AbortSignal.timeout(ANSWER_MS) });
      running.send(message);
      const [said] = await Promise.race([answer, ended.then(() => Promise.reject(new Error(`${program} ended`)))]);
      return said;
    },
    async [Symbol.asyncDispose]() {
      if (running.exitCode !== null || running.signalCode !== null) return;
      running.disconnect();
      const forced = setTimeout(() => running.kill("SIGKILL"), 10_000);
      const [code] = await ended;
      clearTimeout(forced);
      if (code !== 0) throw new Error(`${program} did not end well`);
    },
  };
  try {
    return { child, ready: await child.ask(setup) };
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}

/** The other side: answers each message, and ends when its parent lets go of it. */
export function answerParent(answer: (message: unknown) => unknown, close: () => Promise<void>): void {
  const fail = (error: unknown): never => {
    console.error(error);
    process.exit(1);
  };
  process.on("message", (message) => {
    Promise.resolve(answer(message)).then((said) => process.send?.(said), fail);
  });
  process.once("disconnect", () => void close().then(() => process.exit(0), fail));
}
