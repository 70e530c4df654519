import { type ChildProcess, fork } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** A Waybill server in a process of its own. Disposing of it stops it. */
export interface ServerProcess extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly child: ChildProcess;
  /** How it ended: `exit code 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
  /** Asks it to drain and leave; by force after 20 seconds. Safe to call twice. */
  stop(): Promise<void>;
  /** kill -9, then waits until it is gone. */
  kill(): Promise<void>;
}

export interface ServerProcessOptions {
  readonly env: NodeJS.ProcessEnv;
  /** `pipe` when somebody reads `child.stdout` and `child.stderr`, `inherit` to let it speak for itself. */
  readonly output: "pipe" | "inherit";
  /** Called with the child at once, before it is ready. */
  readonly onSpawn?: (child: ChildProcess) => void;
  /** When it is aborted the server is asked to stop, ready or not. */
  readonly signal?: AbortSignal;
}

/** The server ended before it served; its own output says why. */
export class ServerEndedError extends Error {
  override readonly name = "ServerEndedError";
}

const readySchema = z.object({ kind: z.literal("ready"), url: z.string() });
/** A first start on a busy machine makes a database. */
const readyDeadlineMs = 180_000;
const stopDeadlineMs = 20_000;

/** A program of the server's: this package knows the server by its types and by these files. */
export function serverFile(name: "main.ts" | "admin.ts"): string {
  return join(dirname(fileURLToPath(import.meta.resolve("@waybill/server/package.json"))), "src", name);
}

/**
 * Forks the server and waits until it serves. It goes away with this process, however that ends (its IPC channel
 * closes). Throws ServerEndedError when it ends first.
 */
export async function startServer({ env, output, onSpawn, signal }: ServerProcessOptions): Promise<ServerProcess> {
  const child = fork(serverFile("main.ts"), [], {
    env,
    execArgv: ["--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", output, output, "ipc"],
    serialization: "json",
  });
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  onSpawn?.(child);
  let asked = false;
  const ask = (): void => {
    // a second wish within its patience would cut the server off
    if (asked) return;
    asked = true;
    // Windows knows no SIGTERM to be caught; there the closed channel is the wish
    if (process.platform === "win32" && child.connected) child.disconnect();
    else child.kill("SIGTERM");
  };
  signal?.addEventListener("abort", ask, { once: true });
  const stop = async (): Promise<void> => {
    ask();
    const force = setTimeout(() => child.kill("SIGKILL"), stopDeadlineMs);
    await ended;
    clearTimeout(force);
    signal?.removeEventListener("abort", ask);
  };
  try {
    const url = await ready(child, ended);
    return {
      url,
      child,
      ended,
      stop,
      async kill() {
        child.kill("SIGKILL");
        await ended;
      },
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function ready(child: ChildProcess, ended: Promise<string>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const deadline = setTimeout(
    () => reject(new Error(`the server was not ready within ${readyDeadlineMs / 1000} s`)),
    readyDeadlineMs,
  );
  child.on("message", (message) => {
    const parsed = readySchema.safeParse(message);
    if (parsed.success) resolve(parsed.data.url);
  });
  const endedFirst = async (): Promise<never> => {
    throw new ServerEndedError(`the server ended before it was ready (${await ended})`);
  };
  try {
    return await Promise.race([promise, endedFirst()]);
  } finally {
    clearTimeout(deadline);
  }
}
