import type { SupabaseClientRow, SupabaseClientState } from "@waybill/contracts";
import { isConnectionFailure, networkMessage } from "../client/index.ts";
import type { Log } from "../log.ts";
import { jittered } from "../backoff.ts";
import { ClientRowsError } from "./client-rows.ts";
import type { ClientRows } from "./client-rows.ts";

export interface RowKeeperOptions {
  readonly clientId: string;
  readonly clientType: SupabaseClientRow["client_type"];
  readonly url: string;
  readonly key: string;
  readonly encrypt: (key: string, clientId: string) => string;
  readonly rows: ClientRows;
  readonly log: Log;
  readonly onRegistered?: () => void;
  /** The row is gone; without it the row is made anew. */
  readonly onRemoved?: () => void;
  readonly writeEveryMs?: number;
  readonly closeMs?: number;
  readonly current: () => SupabaseClientState;
  /** What the row says that was there before, or that somebody else wrote. */
  readonly adopt: (stored: SupabaseClientState) => void;
  /** The connection failed while its row was being written. */
  readonly failed: (message: string) => void;
}

/** Keeps the stored row like the state in memory, behind every call and never in its way. */
export interface RowKeeper {
  readonly registered: Promise<void>;
  isRegistered(): boolean;
  writeNow(): void;
  writeSoon(): void;
  overruleNow(): void;
  close(): Promise<void>;
}

const REGISTER_BACKOFF = { firstMs: 250, limitMs: 15_000 };

export function openRowKeeper(options: RowKeeperOptions): RowKeeper {
  const { clientId, rows, log } = options;
  const writeEveryMs = options.writeEveryMs ?? 5000;
  const { promise: registered, resolve: resolveRegistered } = Promise.withResolvers<void>();
  let isRegistered = false;
  let isDirty = false;
  let overrules = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  let working: Promise<void> | undefined;

  const register = async (): Promise<void> => {
    const stored = await rows.read(clientId);
    if (stored !== null) options.adopt(stored);
    if (options.onRemoved === undefined) {
      const { clientType: client_type, url: supabase_url, key } = options;
      const supabase_key = options.encrypt(key, clientId);
      await rows.register({ client_id: clientId, supabase_url, supabase_key, client_type }, options.current());
    } else if (!(await rows.update(clientId, options.current())) && (await rows.read(clientId)) === null) {
      return removed(options.onRemoved);
    }
    if (isRegistered) return;
    isRegistered = true;
    log("info", `Client ${clientId} is registered`, { client_id: clientId });
    options.onRegistered?.();
    resolveRegistered();
  };
  const update = async (): Promise<void> => {
    const overrule = overrules;
    overrules = false;
    const wrote = await rows.update(clientId, options.current(), overrule).catch((error: unknown) => {
      // a person's word stands until it is written
      overrules ||= overrule;
      throw error;
    });
    if (wrote) return;
    const stored = await rows.read(clientId);
    if (stored !== null) return options.adopt(stored);
    if (options.onRemoved !== undefined) return removed(options.onRemoved);
    log("warn", `The row of client ${clientId} was removed while it is in use; it is made anew`, {
      client_id: clientId,
    });
    await register();
  };
  const removed = (told: () => void): void => {
    closed = true;
    log("warn", `Client ${clientId} was removed: it is used no more`, { client_id: clientId });
    told();
  };

  const work = async (): Promise<void> => {
    isDirty = false;
    try {
      await (isRegistered ? update() : register());
      failures = 0;
      if (isDirty) plan(writeEveryMs);
    } catch (error) {
      if (closed) return;
      isDirty = true;
      failures += 1;
      const message = networkMessage(error);
      // the first time aloud, then now and then
      log(failures === 1 || failures % 10 === 0 ? "warn" : "debug", sentence(message), {
        client_id: clientId,
        failures,
      });
      if (isConnectionFailure(error) || (error instanceof ClientRowsError && error.isOutage)) options.failed(message);
      plan(jittered(REGISTER_BACKOFF, failures));
    }
  };
  const sentence = (message: string): string =>
    `The row of client ${clientId} could not be ${isRegistered ? "written" : "registered"}: ${message}`;

  const run = (): void => {
    timer = undefined;
    if (closed || working !== undefined) return;
    working = work().finally(() => {
      working = undefined;
    });
  };
  const plan = (delayMs: number): void => {
    if (!closed) timer ??= setTimeout(run, delayMs).unref();
  };
  run();

  return {
    registered,
    isRegistered: () => isRegistered,
    writeNow() {
      isDirty = true;
      if (!isRegistered) return;
      clearTimeout(timer);
      timer = undefined;
      plan(0);
    },
    writeSoon() {
      isDirty = true;
      if (isRegistered) plan(writeEveryMs);
    },
    overruleNow() {
      overrules = true;
      this.writeNow();
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      const last = async (): Promise<void> => {
        // a registration under way would else leave a row that says it is connected
        await working;
        if (isRegistered) await rows.update(clientId, options.current(), overrules);
      };
      await settledWithin(last(), options.closeMs ?? 2000).catch((error: unknown) => {
        log("warn", sentence(networkMessage(error)), { client_id: clientId });
      });
    },
  };
}

async function settledWithin(work: Promise<void>, deadlineMs: number): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
