import { rmSync } from "node:fs";
import { LocalSupabaseError, messageOf } from "./errors.ts";
import { toStackSchema, type FromStack, type StartRequest } from "./messages.ts";
import { openStack, type Stack } from "./stack.ts";

// The stack's own process: it can be killed alone, and it never outlives its parent.

let opening: Promise<Stack> | undefined;
let temporaryDirectory: string | undefined;

function tell(message: FromStack): void {
  if (process.connected) process.send?.(message);
}

async function start(request: StartRequest): Promise<void> {
  if (request.temporary) temporaryDirectory = request.dataDir;
  opening = openStack(request);
  try {
    const { details } = await opening;
    tell({ kind: "ready", details });
  } catch (error) {
    console.error(error);
    const code = error instanceof LocalSupabaseError ? error.code : "ENGINE_FAILED";
    tell({ kind: "failed", code, message: messageOf(error) });
    await stop(1);
  }
}

let stopping = false;
async function stop(exitCode: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  try {
    const stack = await opening;
    await stack?.stop();
  } catch (error) {
    if (exitCode === 0) console.error(error);
  }
  if (temporaryDirectory !== undefined) rmSync(temporaryDirectory, { recursive: true, force: true });
  process.exit(exitCode);
}

process.on("message", (raw) => {
  const message = toStackSchema.parse(raw);
  switch (message.kind) {
    case "start":
      void start(message.request);
      return;
    case "stop":
      void stop(0);
      return;
  }
});
process.on("disconnect", () => void stop(0));
// The parent decides when to stop: a Ctrl-C in a terminal reaches the whole group of processes.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => void stop(0));
