import type { JobCalls } from "./job-calls.ts";
import { openTicker } from "./ticker.ts";

export interface LeaseOptions {
  readonly name: string;
  /** Tells this process from every other, also from one that had its name before. */
  readonly holder: string;
  readonly calls: Pick<JobCalls, "holdLease" | "releaseLease">;
  /** How long it is held without a renewal: what a killed process keeps the others waiting. */
  readonly leaseMs: number;
  /** Between two tries to take or renew it. */
  readonly renewMs: number;
  /** What kept the lease from being asked for; null when nothing did. */
  readonly answered: (error: unknown) => void;
  readonly changed: (isHeld: boolean) => void;
}

/** One process at a time holds it (table `leases`). Whoever holds it renews it; who dies loses it with its time. */
export interface Lease {
  /** Whether it is held for certain: by this process's own clock, counted from before it was asked for. */
  isHeld(): boolean;
  /** Gives it up, so that the next process need not wait. */
  close(): Promise<void>;
}

export function openLease(options: LeaseOptions): Lease {
  const { name, holder, calls, leaseMs } = options;
  let heldUntil = 0;
  let wasHeld = false;
  const isHeld = (): boolean => performance.now() < heldUntil;

  const ticker = openTicker(options.renewMs, async () => {
    const asked = performance.now();
    try {
      heldUntil = (await calls.holdLease(name, holder, leaseMs / 1000)) ? asked + leaseMs : 0;
      options.answered(null);
    } catch (error) {
      options.answered(error);
    }
    if (isHeld() !== wasHeld) {
      wasHeld = isHeld();
      options.changed(wasHeld);
    }
  });
  return {
    isHeld,
    async close() {
      await ticker.close();
      if (heldUntil === 0) return;
      heldUntil = 0;
      await calls.releaseLease(name, holder).catch(options.answered);
    },
  };
}
