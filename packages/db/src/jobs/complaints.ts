import { networkMessage } from "../client/index.ts";
import type { Log } from "../log.ts";

/** Says what fails at the 1st, 2nd, 4th, 8th … time, and when it is over. */
export function complaints(log: Log): (what: string, error: unknown) => void {
  const failures = new Map<string, number>();
  return (what, error) => {
    const before = failures.get(what) ?? 0;
    if (error === null) {
      failures.delete(what);
      if (before > 0) log("info", `The ${what} works again`, { failures: before });
      return;
    }
    failures.set(what, before + 1);
    if (Number.isInteger(Math.log2(before + 1))) {
      log("warn", `The ${what} failed and is tried again: ${networkMessage(error)}`, { failures: before + 1 });
    }
  };
}
