import { MigrationError, type ScratchDatabase } from "@waybill/db";
import { ApiError } from "../../../trpc/api-error.ts";

/** Starts a scratch database; the start-up gives one of the same kind as the database itself, where it can. */
export type OpenScratch = () => Promise<ScratchDatabase & AsyncDisposable>;

/** Lends one scratch database to one at a time. Disposing of it ends the database. */
export interface ScratchPool extends AsyncDisposable {
  /** Throws SCRATCH_BUSY when too many wait, or the database cannot be started. */
  use<T>(work: (scratch: ScratchDatabase) => Promise<T>): Promise<T>;
}

export interface ScratchPoolOptions {
  readonly open: OpenScratch;
  /** How long it outlives its last use. Default one minute: the next plan is likely to come soon. */
  readonly idleMs?: number;
  /** Who may wait for it besides the one who has it. Default 8. */
  readonly waiting?: number;
}

export function createScratchPool({ open, idleMs = 60_000, waiting = 8 }: ScratchPoolOptions): ScratchPool {
  let database: (ScratchDatabase & AsyncDisposable) | undefined;
  let idle: NodeJS.Timeout | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let inside = 0;
  let closed = false;

  const drop = async (): Promise<void> => {
    const dropped = database;
    database = undefined;
    try {
      await dropped?.[Symbol.asyncDispose]();
    } catch {
      // what cannot be ended now ends with this process
    }
  };
  const turn = async <T>(work: (scratch: ScratchDatabase) => Promise<T>): Promise<T> => {
    if (closed) throw new ApiError({ code: "SHUTTING_DOWN" });
    clearTimeout(idle);
    try {
      database ??= await opened(open);
      return await work(database);
    } catch (error) {
      // after a deadline, or a death, its session is in nobody knows which state
      if (!(error instanceof MigrationError) || error.code === "MIGRATION_TIMEOUT") await drop();
      throw error;
    } finally {
      idle = setTimeout(() => void enqueue(drop), idleMs);
      idle.unref();
    }
  };
  const enqueue = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
  return {
    async use(work) {
      if (inside > waiting) throw busy("Too many plans are being made");
      inside += 1;
      try {
        return await enqueue(() => turn(work));
      } finally {
        inside -= 1;
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      await enqueue(drop);
      clearTimeout(idle);
    },
  };
}

async function opened(open: OpenScratch): Promise<ScratchDatabase & AsyncDisposable> {
  try {
    return await open();
  } catch (cause) {
    throw busy("The scratch database on which plans are made cannot be started", cause);
  }
}

function busy(message: string, cause?: unknown): ApiError {
  return new ApiError({ code: "SCRATCH_BUSY", message, cause });
}
