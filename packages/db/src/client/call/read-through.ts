import type { Limit } from "../transport/limit.ts";
import type { Call } from "./call.ts";
import type { Settlement } from "./settlement.ts";

/** A call whose intent is written, about to leave. */
export interface Passing {
  readonly call: Call;
  readonly limit: Limit;
  readonly settle: Pick<Settlement, "succeeded">;
  /** Sends it, and settles it by what comes. */
  send(): Promise<Response>;
  /** Makes the same read anew as an operation of its own; null for a call that was made so. */
  readonly refresh: (() => Promise<Response>) | null;
}

/** What stands between the tracked fetch and the network: it answers a call by itself, or sends it. */
export interface ReadThrough {
  pass(passing: Passing): Promise<Response>;
}
