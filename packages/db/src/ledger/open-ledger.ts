import { BatchSize } from "./flush/batch-size.ts";
import { Delivery } from "./flush/delivery.ts";
import { Flusher, type FlushSource } from "./flush/flusher.ts";
import { RejectedFile } from "./flush/rejected.ts";
import { createUploader } from "./flush/upload.ts";
import { adoptedSource, namesFor } from "./adopted-source.ts";
import { onExit } from "./exit-hook.ts";
import { Adoption, type AdoptedJournal } from "./journal/adoption.ts";
import { OwnJournal } from "./journal/own-journal.ts";
import { projectOf } from "./journal/process-lock.ts";
import { reasonOf } from "./ledger-errors.ts";
import type { LedgerHealth } from "./ledger-health.ts";
import { type LedgerOptions, withDefaults } from "./ledger-options.ts";
import type { Ledger } from "./ledger-types.ts";

/** What became of a flush. */
export interface FlushReport {
  /** Everything that had its outcome when the flush was asked for is in the database (or set aside as rejected). */
  readonly flushed: boolean;
  /** Records that still wait in the journal. */
  readonly pending: number;
}

export interface OpenedLedger extends AsyncDisposable {
  readonly ledger: Ledger;
  /** Says that this client has its row in `supabase_clients`: its operations refer to it and wait for this call. */
  clientRegistered(clientId: string): void;
  /** Brings what is in the journal to the database now. Keeps the process alive until then, at most `deadlineMs`. */
  flush(deadlineMs: number): Promise<FlushReport>;
  /** Takes no more, flushes for at most `closeMs`, and leaves the rest in the journal for the next process. */
  close(): Promise<void>;
  health(): LedgerHealth;
}

const TICK_MS = 250;
const BEAT_TICKS = 20;

/**
 * Opens the ledger: a journal of this process's own under `journalDir`, and its flush in the background.
 * Journals that dead processes left there are taken over. Throws `ENVIRONMENT_INVALID` when the directory cannot be used.
 * Nothing here keeps the process alive; what is not flushed at its end is there for the next start.
 */
export function openLedger(given: LedgerOptions): OpenedLedger {
  const options = withDefaults(given);
  const { log } = options;
  const registered = new Set<string>();
  const uploader = createUploader(options);
  const size = new BatchSize(options);
  const delivery = new Delivery({
    ...options,
    size,
    uploader,
    rejected: new RejectedFile(options.journalDir, options.rejectedBytes),
  });
  const project = projectOf(options.url, options.secretKey);
  const own = new OwnJournal({ ...options, project, otherBytes: () => adoption.bytes, onRows: () => flusher.nudge() });
  const adoption = new Adoption({ ...options, project, own: () => own.home });
  const waitingClients = (): string[] => [...own.clients].filter((client) => !registered.has(client));
  const ownSources = (): FlushSource[] => (waitingClients().length === 0 ? [own.source] : []);
  const adoptedSources = (): FlushSource[] =>
    adoption.journals.flatMap((journal) => {
      const names = namesFor(journal, registered);
      return names === undefined ? [] : [finishing(adoptedSource(journal, names), journal)];
    });
  const finishing = (source: FlushSource, journal: AdoptedJournal): FlushSource => ({
    async next(maxBytes) {
      const batch = await source.next(maxBytes);
      if (batch === undefined && journal.reader.isIdle) await adoption.finish(journal);
      return batch;
    },
  });
  const show = (rows: readonly Buffer[]): void => {
    try {
      options.sink?.(rows);
    } catch (error) {
      log("error", "The sink of records failed", { reason: reasonOf(error) });
    }
  };
  const flusher = new Flusher({
    ...options,
    size,
    isFailing: () => delivery.totals.lastError !== null,
    sources: () => [...ownSources(), ...adoptedSources()],
    deliver: (rows, signal, park) => {
      show(rows);
      return delivery.deliver(rows, signal, park);
    },
  });

  const look = async (): Promise<void> => {
    await adoption.look();
    hasLooked = true;
    flusher.nudge();
  };

  let hasLooked = false;
  void look();
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
    own.tick();
    if (ticks % BEAT_TICKS === 0) own.beat();
    if (ticks % Math.max(1, Math.round(options.adoptEveryMs / TICK_MS)) === 0) void look();
  }, TICK_MS).unref();
  const removeHook = onExit(() => own.writeTurn());

  const flush = async (deadlineMs: number): Promise<FlushReport> => {
    own.writeTurn();
    delivery.hurry();
    const target = own.rowsWritten;
    const isDone = (): boolean => hasLooked && own.flushedTo >= target && adoption.journals.length === 0;
    const deadline = new AbortController();
    // The one timer that keeps the process alive: somebody waits for it.
    const timeout = setTimeout(() => deadline.abort(), deadlineMs);
    try {
      return { flushed: await flusher.hurryUntil(isDone, deadline.signal), pending: pending() };
    } finally {
      clearTimeout(timeout);
    }
  };
  const pending = (): number =>
    own.rowsWritten - own.rowsFlushed + adoption.journals.reduce((sum, journal) => sum + journal.pending, 0);

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    clearInterval(timer);
    own.close();
    const report = await flush(options.closeMs);
    await flusher.stop();
    await uploader.close();
    await adoption.close();
    await own.finish();
    removeHook();
    if (!report.flushed) {
      log("warn", "The ledger closed with records in the journal; the next process takes them over", {
        pending: report.pending,
      });
    }
  };

  return {
    ledger: { begin: (intent) => own.begin(intent) },
    clientRegistered(clientId) {
      registered.add(clientId);
      own.noteRegistered(clientId);
      flusher.nudge();
    },
    flush,
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]() {
      return this.close();
    },
    health() {
      const { totals } = delivery;
      return {
        pending: pending(),
        open: own.open,
        journaledBytes: own.bytes + adoption.bytes,
        bufferedBytes: own.bufferedBytes + flusher.bytesUnderWay,
        adopted: adoption.journals.length,
        lastFlushAt: totals.lastFlushAt,
        lastError: totals.lastError,
        full: own.failure ?? null,
        whenFull: options.whenFull,
        refused: own.refused,
        shed: own.shed,
        unsynced: own.unsynced ?? null,
        rejected: totals.rejected,
        bodiesDropped: totals.bodiesDropped,
        cascaded: totals.counts.cascaded,
        damaged: adoption.damaged + own.damaged,
        outcomeUnknown: adoption.unknown,
        waitingForClients: waitingClients(),
      };
    },
  };
}
