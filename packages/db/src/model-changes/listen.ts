import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { type Backoff, jittered } from "../backoff.ts";
import { complaints } from "../jobs/complaints.ts";
import { type Log, silentLog } from "../log.ts";

export interface ModelListenerOptions {
  /** A direct connection to the database, or a pooler in session mode: one in transaction mode passes nothing on. */
  readonly dbUrl: string;
  /** A model of this name was made, changed or removed, by whoever. */
  readonly changed: (modelName: string) => void;
  /** It listens from now on; what changed before was not heard. */
  readonly listening: () => void;
  readonly log?: Log | undefined;
  /** How often the connection must prove that it is there. */
  readonly beatMs?: number;
  readonly backoff?: Backoff;
}

const channel = "waybill_models";
/** For a connection to open, and for an answer on it. */
const patienceMs = 5_000;

/**
 * Hears of every change of a model over one connection of its own, and makes a new one when that is lost, until it is
 * disposed of. It promises no more than speed: what changes while no connection is open is not heard.
 */
export function listenToModels(options: ModelListenerOptions): AsyncDisposable {
  const { log = silentLog, beatMs = 10_000, backoff = { firstMs: 250, limitMs: 15_000 } } = options;
  const complain = complaints(log);
  const stop = new AbortController();
  let failures = 0;
  const begun = (): void => {
    failures = 0;
    complain("listening for changes of models", null);
    options.listening();
  };
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        await listenOnce(options, beatMs, begun, stop.signal);
      } catch (error) {
        if (!stop.signal.aborted) complain("listening for changes of models", error);
      }
      await pause(jittered(backoff, failures), stop.signal);
      failures += 1;
    }
  };
  const running = run();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

/** Listens until the connection is lost or does not answer any more. */
async function listenOnce(
  { dbUrl, changed }: ModelListenerOptions,
  beatMs: number,
  begun: () => void,
  stop: AbortSignal,
): Promise<void> {
  const lost = new AbortController();
  const over = AbortSignal.any([lost.signal, stop]);
  // `onnotify` stands in no type: the library's own `listen` gives up silently where it cannot listen again
  const settings = {
    max: 1,
    connect_timeout: patienceMs / 1000,
    max_lifetime: null,
    fetch_types: false,
    onnotice: () => {},
    onclose: () => lost.abort(),
    onnotify: (_channel: string, modelName: string) => changed(modelName),
  };
  const sql = postgres(dbUrl, settings);
  try {
    const listen = () => answered(sql.unsafe(`listen ${channel}`), over);
    await listen();
    begun();
    while (!over.aborted) {
      await pause(beatMs, over);
      // the same again is no more than a question; on another connection it is what is needed
      if (!over.aborted) await listen();
    }
  } finally {
    await sql.end({ timeout: 0 });
  }
}

/** Rejects when no answer comes in time, or none can come any more. */
async function answered(asked: PromiseLike<unknown>, over: AbortSignal): Promise<void> {
  const { promise: never, reject } = Promise.withResolvers<never>();
  const signal = AbortSignal.any([over, AbortSignal.timeout(patienceMs)]);
  const end = (): void => reject(new Error("the database did not answer"));
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  await Promise.race([asked, never]);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => {});
}
