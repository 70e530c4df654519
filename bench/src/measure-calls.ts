import { z } from "zod";
import type { CallContenderName } from "./call-contenders.ts";
import { MEASURED, startChild } from "./child.ts";
import { type Contender, type Pace, type Rounds, takeTurns, warmUp } from "./paired.ts";

const sliceSchema = z.object({ throughput: z.number(), cpuMicroseconds: z.number(), p99Ms: z.number() });

export type CallRounds = Rounds<CallContenderName>;

/** supabase-js in each way, by so many callers. */
export async function measureCalls(
  url: string,
  callers: readonly number[],
  pace: Pace,
): Promise<Map<number, CallRounds>> {
  await using opened = new AsyncDisposableStack();
  const open = async (name: CallContenderName): Promise<Contender> => {
    const { child } = await startChild("call-process.ts", MEASURED, { name, url });
    opened.use(child);
    return {
      slice: async (callers, milliseconds) => sliceSchema.parse(await child.ask({ callers, milliseconds })),
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    };
  };
  const contenders: Record<CallContenderName, Contender> = {
    plain: await open("plain"),
    tracked: await open("tracked"),
    untracked: await open("untracked"),
    sentry: await open("sentry"),
  };
  await warmUp(contenders, Math.max(...callers), pace);
  const measured = new Map<number, CallRounds>();
  for (const count of callers) measured.set(count, await takeTurns(contenders, count, pace));
  return measured;
}
