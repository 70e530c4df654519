import { setTimeout as sleep } from "node:timers/promises";
import type { EncryptionKeys } from "../secrets.ts";
import type { Log } from "../log.ts";
import { complaints } from "./complaints.ts";
import type { JobCalls } from "./job-calls.ts";
import { reseal } from "./reseal.ts";
import { openLease } from "./lease.ts";
import { openTicker } from "./ticker.ts";

export interface JobsOptions {
  readonly calls: JobCalls;
  readonly log: Log;
  readonly instance: string;
  /** Days for which records are kept. */
  readonly retentionDays: number;
  /** Days for which records outlive their session; undefined: for as long as any record is kept. */
  readonly sessionRetentionDays?: number | undefined;
  /** Days after which a session that nobody uses is over. */
  readonly sessionIdleDays: number;
  /** For secrets at rest: with more than one, those of the others are brought under the first. */
  readonly keys?: EncryptionKeys | undefined;
  readonly times?: Partial<JobTimes> | undefined;
}

/** Milliseconds. */
export interface JobTimes {
  /** What a killed process keeps the others waiting at most (default 20 s; with a renewal under 30 s). */
  readonly leaseMs: number;
  readonly renewMs: number;
  readonly maintainEveryMs: number;
  readonly sweepEveryMs: number;
  readonly expireEveryMs: number;
  readonly sessionsEveryMs: number;
  readonly resealEveryMs: number;
  /** A client whose process gave no heartbeat for so long is dead: six beats (heartbeat.ts). */
  readonly deadAfterMs: number;
  /** How long `close` waits for a step under way and for the lease to be given up (default 2 s). */
  readonly closeMs: number;
}

const standard: JobTimes = {
  leaseMs: 20_000,
  renewMs: 5_000,
  maintainEveryMs: 600_000,
  sweepEveryMs: 15_000,
  expireEveryMs: 60_000,
  sessionsEveryMs: 15_000,
  resealEveryMs: 600_000,
  deadAfterMs: 60_000,
  closeMs: 2_000,
};

/** The background work of one database: every process is ready for it, one at a time does it. */
export interface Jobs {
  /** Whether this process is the one. */
  isRunning(): boolean;
  close(): Promise<void>;
}

/** Steps of one run: more wait for the next run, so that no bug in an answer turns into an endless loop. */
const STEPS = 400;
/** What one call removes at most; fewer means that none are left. */
const REMOVED_A_STEP = 10_000;

export function openJobs(options: JobsOptions): Jobs {
  const { calls, log, instance, retentionDays, sessionRetentionDays, sessionIdleDays, keys } = options;
  const {
    leaseMs,
    renewMs,
    maintainEveryMs,
    sweepEveryMs,
    deadAfterMs,
    closeMs,
    expireEveryMs,
    sessionsEveryMs,
    resealEveryMs,
  } = {
    ...standard,
    ...options.times,
  };
  const says = complaints(log);
  let closed = false;
  // what a close cuts off has not failed
  const complain = (what: string, error: unknown): void => {
    if (!closed) says(what, error);
  };

  const lease = openLease({
    name: "jobs",
    holder: `${instance} ${crypto.randomUUID()}`,
    calls,
    leaseMs,
    renewMs,
    answered: (error) => complain("lease", error),
    changed(isHeld) {
      log("info", isHeld ? "This process runs the jobs now" : "Another process runs the jobs now", { instance });
      if (isHeld) for (const job of all) job.now();
    },
  });
  const isOurs = (): boolean => !closed && lease.isHeld();
  const job = (name: string, everyMs: number, work: () => Promise<void>) =>
    openTicker(everyMs, async () => {
      if (!isOurs()) return;
      try {
        await work();
        complain(name, null);
      } catch (error) {
        complain(name, error);
      }
    });

  const maintenance = job("upkeep of the partitions", maintainEveryMs, async () => {
    for (let step = 0; step < STEPS && isOurs(); step += 1) {
      const { more, ...done } = await calls.maintainOperations(retentionDays);
      const isQuiet = done.made + done.dropped + done.moved + done.purged === 0;
      if (!isQuiet || done.postponed) log("info", "The ledger's partitions were looked after", done);
      if (!more) return;
    }
  });
  const sweep = job("search for dead processes", sweepEveryMs, async () => {
    const marked = await calls.disconnectDeadClients(deadAfterMs / 1000);
    if (marked > 0) log("warn", "Clients of processes that show no life were marked as disconnected", { marked });
  });
  const sessions = job("expiry of sessions", sessionsEveryMs, async () => {
    for (let step = 0; step < STEPS && isOurs(); step += 1) {
      const { more, ...done } = await calls.expireSessions(sessionIdleDays);
      if (done.expired + done.ended > 0) log("debug", "Sessions were taken out of use", done);
      if (!more) return;
    }
  });
  const removal = job("removal of ended sessions' records", expireEveryMs, async () => {
    // days go whole at the ledger's own retention, and nothing is left to do here
    if (sessionRetentionDays === undefined || sessionRetentionDays >= retentionDays) return;
    for (let step = 0; step < STEPS && isOurs(); step += 1) {
      const removed = await calls.removeOperationsOfEndedSessions(sessionRetentionDays, retentionDays);
      if (removed > 0) log("info", "Records of ended sessions were removed", { removed });
      if (removed < REMOVED_A_STEP) return;
    }
  });

  const rotation = job("change of the encryption key", resealEveryMs, async () => {
    // what a single key did not seal it cannot open
    if (keys === undefined || keys.byId.size < 2) return;
    const done = await reseal(calls, keys, isOurs);
    if (done.sessions + done.clients > 0) {
      log("info", "Secrets of older encryption keys are now under the current one", { key: keys.currentId, ...done });
    }
    if (done.unreadable > 0) log("warn", "Secrets that no key opens were left", { unreadable: done.unreadable });
  });
  const all = [maintenance, sweep, sessions, removal, rotation];
  return {
    isRunning: isOurs,
    async close() {
      closed = true;
      const orderly = Promise.all(all.map((job) => job.close())).then(() => lease.close());
      // it is a courtesy: the lease ends by itself, and a step that goes on in the database does no harm
      await Promise.race([orderly, sleep(closeMs, undefined, { ref: false })]);
    },
  };
}
