import { z } from "zod";
import { type Child, MEASURED, startChild } from "./child.ts";
import { type Spread, spread } from "./paired.ts";

/** How tracked calls do while the database takes no records, and after. */
export interface OutageFigures {
  /** Of each second of the outage, above the most of the time before: in MB (2^20 bytes). */
  readonly growth: Spread;
  /** MB that the process had before. */
  readonly before: number;
  /** Calls a second while the records went away as they came; during the outage; and while the backlog drained. */
  readonly flushing: Spread;
  readonly away: Spread;
  readonly draining: Spread;
  /** Records that waited at the end of the outage, and the seconds until none of them did, calls going on. */
  readonly backlog: number;
  readonly drainSeconds: number;
}

const CALLERS = 64;
const SLICE_MS = 1000;
/** By then the heap has its size. */
const WARM_UP_SLICES = 30;
const DRAIN_LIMIT_MS = 15 * 60_000;
const MIB = 2 ** 20;

const sliceSchema = z.object({ throughput: z.number(), rss: z.number(), pending: z.number() });

/** @param stub which answers all calls, and the flush as it is told */
export async function measureOutage(stub: Child, url: string, seconds: number): Promise<OutageFigures> {
  const { child } = await startChild("outage-process.ts", MEASURED, { url });
  await using caller = child;
  const slice = async () => sliceSchema.parse(await caller.ask({ callers: CALLERS, milliseconds: SLICE_MS }));
  const slices = async (count: number) => {
    const found = [];
    for (let at = 0; at < count; at++) found.push(await slice());
    return found;
  };

  const before = (await slices(WARM_UP_SLICES)).slice(WARM_UP_SLICES / 2);
  const settled = Math.max(...before.map(({ rss }) => rss));
  await stub.ask({ flush: "refused" });
  const during = await slices(Math.ceil((seconds * 1000) / SLICE_MS));
  const backlog = during.at(-1)?.pending ?? 0;
  await stub.ask({ flush: "taken" });

  const after = [];
  const begun = performance.now();
  // what is pending while calls go on are the records of the last moments
  const caughtUp = Math.max(...before.map(({ pending }) => pending)) * 2 + CALLERS;
  do {
    if (performance.now() - begun > DRAIN_LIMIT_MS) throw new Error("the backlog did not drain");
    after.push(await slice());
  } while ((after.at(-1)?.pending ?? 0) > caughtUp);
  return {
    growth: spread(during.map(({ rss }) => (rss - settled) / MIB)),
    before: settled / MIB,
    flushing: spread(before.map(({ throughput }) => throughput)),
    away: spread(during.map(({ throughput }) => throughput)),
    draining: spread(after.map(({ throughput }) => throughput)),
    backlog,
    drainSeconds: (performance.now() - begun) / 1000,
  };
}
