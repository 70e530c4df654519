import { rmSync } from "node:fs";

// A thread of its own: PGlite runs a statement on the main thread, which until then hears nothing, not even
// that its parent is gone. A statement without an end must not become a process without one.

const [, , graceMs = "0", temporaryDirectory = ""] = process.argv;
const parent = process.ppid;
let orphanedAt: number | undefined;

setInterval(() => {
  if (hasParent()) return;
  orphanedAt ??= Date.now();
  if (Date.now() - orphanedAt < Number(graceMs)) return;
  if (temporaryDirectory !== "") rmSync(temporaryDirectory, { recursive: true, force: true });
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
