import type { CounterStore } from "@waybill/db";
import type { Logger } from "pino";

/** After a failure nobody waits for the database for so long: its stand-in counts. */
const restMs = 5_000;

/** The database's counters, which an outage makes fail at once instead of after each call's deadline. Says so once. */
export function sharedCounters(
  store: CounterStore,
  logger: Logger,
  now: () => number = () => performance.now(),
): CounterStore {
  let restsUntil = -Infinity;
  let failed = false;
  return {
    async add(...counted) {
      if (now() < restsUntil) throw new Error("the shared counters rest after a failure");
      try {
        const counter = await store.add(...counted);
        if (failed) logger.info("calls are counted in the database again");
        failed = false;
        return counter;
      } catch (err) {
        if (!failed)
          logger.warn({ err }, "calls cannot be counted in the database; this process counts them for itself");
        failed = true;
        restsUntil = now() + restMs;
        throw err;
      }
    },
  };
}
