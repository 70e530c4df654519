import { z } from "zod";
import { callContenders, type CallContender } from "./call-contenders.ts";
import { answerParent } from "./child.ts";
import { ownCpu, slices } from "./slice.ts";

// One contender in a process of its own, for Sentry changes what it finds, and each pays for its own garbage.
const setup = z.object({ name: z.enum(["plain", "tracked", "untracked", "sentry"]), url: z.string() });
const order = z.object({ callers: z.int(), milliseconds: z.int() });
let contender: CallContender | undefined;
let slice: ReturnType<typeof slices> | undefined;

answerParent(
  async (message) => {
    if (slice !== undefined) {
      const { callers, milliseconds } = order.parse(message);
      return await slice(callers, milliseconds);
    }
    const { name, url } = setup.parse(message);
    contender = await callContenders[name](url);
    const { supabase } = contender;
    const call = async (): Promise<void> => {
      const { error, data } = await supabase.from("airports").select("*").order("id").limit(10);
      if (error !== null || data.length !== 10) throw new Error("the stub refused a call", { cause: error });
    };
    slice = slices(call, async () => ownCpu());
    return "ready";
  },
  async () => await contender?.close(),
);
