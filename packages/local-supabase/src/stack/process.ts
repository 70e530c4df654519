import { rmSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { LocalSupabaseError, messageOf } from "../errors.ts";
import { toStackSchema, type FromStack, type StartRequest } from "./messages.ts";
import { openStack, type Stack } from "./stack.ts";

// The stack's own process: it can be killed alone, and it never outlives its parent.

let opening: Promise<Stack> | undefined;
let temporaryDirectory: string | undefined;
let stopping = false;

process.on("message", (raw) => {
  const message = toStackSchema.parse(raw);
  if (message.kind === "stop") void stop(0);
  else void start(message.request);
});
process.on("disconnect", () => void stop(0));
// Ctrl-C, a closed terminal and a service manager signal the whole group. The parent still has records to bring in, so it
// decides when to stop; when it is gone, the channel closes.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.on("uncaughtException", (error) => crash(error));
process.on("unhandledRejection", (reason) => crash(reason));

const watchdogGraceMs = 10_000;

async function start(request: StartRequest): Promise<void> {
  if (request.temporary) temporaryDirectory = request.dataDir;
  const argv = [watchdogGraceMs, temporaryDirectory ?? "", request.engine === "pglite" ? request.dataDir : ""];
  const watchdog = new Worker(new URL("./watchdog.ts", import.meta.url), { argv });
  watchdog.unref();
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  setInterval(() => watchdog.postMessage("alive"), 1_000).unref();
  opening = openStack(request);
  try {
    const stack = await opening;
    tell({ kind: "ready", details: stack.details });
    void stack.crashed.then((reason) => crash(new Error(reason)));
  } catch (error) {
    console.error(error);
    const code = error instanceof LocalSupabaseError ? error.code : "ENGINE_FAILED";
    tell({ kind: "failed", code, message: messageOf(error) });
    await stop(1);
  }
}

async function stop(exitCode: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  try {
    await (await opening)?.stop();
  } catch (error) {
    console.error(error);
  }
  leave(exitCode);
}

/** Ends at once: what is broken cannot be closed, and the next start recovers what was committed. */
function crash(error: unknown): void {
  if (stopping) return;
  stopping = true;
  console.error(error);
  const reason = messageOf(error).replace(/\.$/, "");
  const message = `The local stack ended by itself: ${reason}. What it committed is kept; start it again.`;
  tell({ kind: "failed", code: "STACK_CRASHED", message });
  setTimeout(() => leave(70), 50);
}

function leave(exitCode: number): void {
  if (temporaryDirectory !== undefined) {
    rmSync(temporaryDirectory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
  process.exit(exitCode);
}

function tell(message: FromStack): void {
  if (process.connected) process.send?.(message);
}
