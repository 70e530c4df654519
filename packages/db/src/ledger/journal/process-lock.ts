import { createHash } from "node:crypto";
import { appendFileSync, readFileSync, readlinkSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";

/**
 * Who writes in a journal directory. Within one machine (and one process name space) a process is told by its number and
 * its start time, so a number used again does not count as alive. Where that cannot be told (another machine on a shared
 * disk, or a system without /proc) the lock's time of change is its heartbeat, see {@link Heartbeats}.
 */
const lockSchema = z.object({
  pid: z.number().int().positive(),
  start_token: z.string().nullable(),
  machine: z.string(),
  /** The owner has finished here although its process may go on. */
  closed: z.boolean(),
  project: z.object({ origin: z.string(), key: z.string() }),
});
type Lock = z.infer<typeof lockSchema>;

/** Which Supabase project a journal is for. */
export type Project = Lock["project"];

const LOCK = "lock";
const REGISTERED = "registered";

export type Liveness = "alive" | "dead" | "unknown";

/** The key only as the beginning of its SHA-256: it names a project that moved to another address. */
export function projectOf(url: string, secretKey: string): Project {
  return { origin: new URL(url).origin, key: createHash("sha256").update(secretKey).digest("hex").slice(0, 16) };
}

export function writeLock(directory: string, project: Project, closed = false): void {
  const lock: Lock = { pid: process.pid, start_token: startToken(process.pid), machine: machine(), closed, project };
  writeFileSync(join(directory, LOCK), JSON.stringify(lock), { mode: 0o600 });
}

/** Throws when the lock is gone: somebody took the directory, or removed it. */
export function beat(directory: string): void {
  const now = new Date();
  utimesSync(join(directory, LOCK), now, now);
}

export function livenessOf(directory: string): Liveness {
  const lock = readLock(directory);
  if (lock === undefined) return "unknown";
  if (lock.closed) return "dead";
  if (lock.machine !== machine()) return "unknown";
  if (!isRunning(lock.pid)) return "dead";
  if (lock.start_token === null) return lock.pid === process.pid ? "alive" : "unknown";
  return lock.start_token === startToken(lock.pid) ? "alive" : "dead";
}

/**
 * The address of the project that a journal's records belong into, when it is another one than ours: neither the address
 * is the same (its key may have been replaced) nor the key (an embedded stack takes another port). Where the lock cannot
 * be read, the directory that it lies in speaks for ours.
 */
export function otherProject(directory: string, ours: Project): string | undefined {
  const project = readLock(directory)?.project;
  if (project === undefined || project.origin === ours.origin || project.key === ours.key) return undefined;
  return project.origin;
}

/** The time of the owner's last sign of life, in milliseconds since 1970; 0 when there is none. */
export function lastBeat(directory: string): number {
  return statSync(join(directory, LOCK), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Remembers that these clients have their row in the database, for who may adopt this journal. */
export function noteRegistered(directory: string, clientId: string): void {
  appendFileSync(join(directory, REGISTERED), `${JSON.stringify(clientId)}\n`, { mode: 0o600 });
}

export function registeredIn(directory: string): Set<string> {
  try {
    const lines = readFileSync(join(directory, REGISTERED), "utf8").split("\n");
    const names = z.array(z.string()).parse(lines.filter((line) => line !== "").map((line) => JSON.parse(line)));
    return new Set(names);
  } catch {
    return new Set();
  }
}

/**
 * Tells a silent owner from a living one without comparing two machines' clocks: a heartbeat that has not moved for
 * `staleMs` of our own monotonic time is a silent one.
 */
export class Heartbeats {
  readonly #staleMs: number;
  readonly #seen = new Map<string, { beat: number; since: number }>();

  constructor(staleMs: number) {
    this.#staleMs = staleMs;
  }

  isDead(name: string, directory: string): boolean {
    const liveness = livenessOf(directory);
    if (liveness !== "unknown") {
      this.#seen.delete(name);
      return liveness === "dead";
    }
    const beat = lastBeat(directory);
    const seen = this.#seen.get(name);
    if (seen === undefined || seen.beat !== beat) {
      this.#seen.set(name, { beat, since: performance.now() });
      return false;
    }
    return performance.now() - seen.since >= this.#staleMs;
  }

  /** Forgets every directory that is no longer there. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.#seen.keys()) if (!names.has(name)) this.#seen.delete(name);
  }
}

function readLock(directory: string): Lock | undefined {
  try {
    return lockSchema.parse(JSON.parse(readFileSync(join(directory, LOCK), "utf8")));
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process answers EPERM: it runs.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Linux: the process's start in clock ticks since boot. A zombie no longer writes, so it has none. */
function startToken(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "zombie" : (fields[19] ?? null);
  } catch {
    return null;
  }
}

let cachedMachine: string | undefined;

/** Process numbers mean the same thing to all who get the same text here. */
function machine(): string {
  cachedMachine ??= [hostname(), bootId(), processNamespace()].join(" ");
  return cachedMachine;
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return process.platform;
  }
}

function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}
