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

const aliveMs = 5000;

export function createScratchPool({ open, idleMs = 60_000, waiting = 8 }: ScratchPoolOptions): ScratchPool {
  let database: (ScratchDatabase & AsyncDisposable) | undefined;
  let starting: Promise<unknown> = Promise.resolve();
  let idle: NodeJS.Timeout | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let inside = 0;
  let closed = false;

  const drop = async (): Promise<void> => {
    const dropped = database;
    database = undefined;
    if (dropped !== undefined) await end(dropped);
  };
  const ready = async (): Promise<ScratchDatabase & AsyncDisposable> => {
    if (database !== undefined && !(await isAlive(database))) await drop();
    if (database !== undefined) return database;
    const made = await opened(open);
    if (!closed) return (database = made);
    await end(made);
    throw new ApiError({ code: "SHUTTING_DOWN" });
  };
  const turn = async <T>(work: (scratch: ScratchDatabase) => Promise<T>): Promise<T> => {
    if (closed) throw new ApiError({ code: "SHUTTING_DOWN" });
    clearTimeout(idle);
    const own = ready();
    starting = own;
    const lent = await own;
    try {
      return await work(lent);
    } catch (error) {
      if (error instanceof MigrationError && error.code !== "MIGRATION_TIMEOUT") throw error;
      // after a deadline its session is in nobody knows which state
      const died = !(error instanceof MigrationError || error instanceof ApiError) && !(await isAlive(lent));
      await drop();
      if (closed) throw new ApiError({ code: "SHUTTING_DOWN", cause: error });
      throw died ? busy("The scratch database ended while a plan was made on it", error) : error;
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
      // what is being started is ended by who starts it
      await starting.catch(() => undefined);
      // who still works on it is told by its end: a plan may take minutes
      await drop();
      clearTimeout(idle);
    },
  };
}

async function end(database: AsyncDisposable): Promise<void> {
  try {
    await database[Symbol.asyncDispose]();
  } catch {
    // what cannot be ended now ends with this process
  }
}

/** Whether it answers: its process may have ended since it was used last. */
async function isAlive(database: ScratchDatabase): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), aliveMs);
  const answered = database.query("select 1").then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([answered, late.promise]);
  } finally {
    clearTimeout(timer);
  }
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
