import { rmSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { z } from "zod";

// A thread of its own: PGlite runs a statement on the main thread, which until then hears nothing, not even
// that its parent is gone. A statement without an end must not become a process without one.

const { graceMs, temporaryDirectory } = z
  .object({ graceMs: z.number(), temporaryDirectory: z.string().nullable() })
  .parse(workerData);
const parent = process.ppid;
let orphanedAt: number | undefined;

setInterval(() => {
  if (hasParent()) return;
  orphanedAt ??= Date.now();
  if (Date.now() - orphanedAt < graceMs) return;
  if (temporaryDirectory !== null) rmSync(temporaryDirectory, { recursive: true, force: true });
  process.kill(process.pid, "SIGKILL");
}, 1_000);

function hasParent(): boolean {
  if (process.ppid !== parent) return false;
  try {
    process.kill(parent, 0);
    return true;
  } catch {
    return false;
  }
}
