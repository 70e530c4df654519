import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { stackProcessEnvironment } from "../env.ts";
import { LocalSupabaseError } from "../errors.ts";
import { freeSpace, fullDiskSentence, noRoom } from "../pglite/free-space.ts";
import { fromStackSchema, type StackDetails, type StartRequest, type ToStack } from "./messages.ts";
import { openStackLog, readStackLogEnd } from "./log.ts";

/** The stack's process, seen from its parent. */
export interface StackChild {
  readonly pid: number;
  readonly details: StackDetails;
  /** Resolves to nothing after `stop()`, to the reason if the process ended by itself. */
  readonly ended: Promise<LocalSupabaseError | undefined>;
  stop(): Promise<void>;
}

const startDeadlineMs = 120_000;
const stopDeadlineMs = 20_000;

/** Forks the stack's process and waits until it serves. */
export async function forkStack(request: StartRequest): Promise<StackChild> {
  const log = await openStackLog(request.dataDir);
  const child = fork(join(import.meta.dirname, "process.ts"), [], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    env: stackProcessEnvironment(),
    stdio: ["ignore", log.fd, log.fd, "ipc"],
  });
  await log.close();

  const ready = Promise.withResolvers<StackDetails>();
  const ended = Promise.withResolvers<LocalSupabaseError | undefined>();
  let stopping = false;
  let failure: LocalSupabaseError | undefined;
  child.on("message", (raw) => {
    const message = fromStackSchema.parse(raw);
    if (message.kind === "ready") ready.resolve(message.details);
    else failure = new LocalSupabaseError(message.code, message.message);
  });
  child.once("error", (error) => ready.reject(error));
  child.once("exit", (code, signal) => {
    const settle = async (): Promise<void> => {
      const reason = failure ?? (await explain(signal ?? `exit code ${code}`, request.dataDir));
      ready.reject(reason);
      ended.resolve(stopping ? undefined : reason);
    };
    void settle();
  });
  const stop = async (): Promise<void> => {
    stopping = true;
    send(child, { kind: "stop" });
    const kill = setTimeout(() => child.kill("SIGKILL"), stopDeadlineMs);
    await ended.promise;
    clearTimeout(kill);
  };
  const late = setTimeout(() => {
    ready.reject(
      new LocalSupabaseError("START_TIMEOUT", `The local stack did not start within ${startDeadlineMs / 1000} s.`),
    );
  }, startDeadlineMs);
  send(child, { kind: "start", request });
  try {
    return { details: await ready.promise, pid: child.pid ?? 0, ended: ended.promise, stop };
  } catch (error) {
    if (child.pid !== undefined) await stop();
    throw error;
  } finally {
    clearTimeout(late);
  }
}

async function explain(how: string, dataDir: string): Promise<LocalSupabaseError> {
  const free = freeSpace(dataDir);
  if (free < noRoom) {
    return new LocalSupabaseError(
      "STACK_CRASHED",
      `The local stack's process ended by itself (${how}): ${fullDiskSentence(free)} What it committed is kept; start it again then.`,
    );
  }
  const log = await readStackLogEnd(dataDir);
  return new LocalSupabaseError(
    "STACK_CRASHED",
    `The local stack's process ended by itself (${how}). What it committed is kept; start it again.${log === "" ? "" : ` The end of its log:\n${log}`}`,
  );
}

function send(child: ChildProcess, message: ToStack): void {
  // A process that is gone already tells so by its exit; the failed send adds nothing.
  if (child.connected) child.send(message, () => {});
}
