import { rmSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { freeSpace, noRoom } from "../pglite/free-space.ts";
import { watchDisk } from "./full-disk.ts";

// A thread of its own: PGlite runs a statement on the main thread, which until then hears nothing, not even
// that its parent is gone. A statement without an end must not become a process without one, and neither must a disk
// without room, on which PGlite never comes back.

const [, , graceMs = "0", temporaryDirectory = "", pgliteDirectory = ""] = process.argv;
const parent = process.ppid;
let orphanedAt: number | undefined;

let beats = 0;
parentPort?.on("message", () => (beats += 1));
const stuckOnFullDisk = watchDisk({
  noRoom: () => pgliteDirectory !== "" && freeSpace(pgliteDirectory) < noRoom,
  beat: () => beats,
  now: () => Date.now(),
  graceMs: Number(graceMs),
});

setInterval(() => {
  // Its parent sees the full disk, and says so.
  if (stuckOnFullDisk()) process.kill(process.pid, "SIGKILL");
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
