import { writeSync } from "node:fs";
import { type Log, silentLog } from "../log.ts";
import { fdatasyncFile, type SyncFile, type SyncPolicy } from "./journal/disk-sync.ts";
import type { WriteFile } from "./journal/segments.ts";

/**
 * `block`: operations are refused with `LEDGER_FULL`, so that none goes unrecorded.
 * `shed`: they go on without a record, which is counted and said in the log.
 */
export type WhenFull = "block" | "shed";

/**
 * Sees every batch of records on its way to the database, whatever becomes of it there: each a JSON text of a row of
 * `database_operations`, in memory that is used again after the call. What a dead process left comes again. It must not
 * wait; what it throws is dropped.
 */
export type RecordSink = (records: readonly Buffer[]) => void;

export interface LedgerOptions {
  /** Kept across restarts, on a local disk; made with mode 0700. Processes may share it. */
  readonly journalDir: string;
  /** The Supabase project's URL. */
  readonly url: string;
  /** `sb_secret_…` or a legacy service_role key: only it may call `record_operations`. */
  readonly secretKey: string;
  /** PEM text of the certificate authority to trust instead of the system's. */
  readonly ca?: string | undefined;
  readonly log?: Log | undefined;
  readonly sink?: RecordSink | undefined;
  /** Bytes of all journals of this process, beyond which it is full. Default 2 GiB. */
  readonly maxJournalBytes?: number | undefined;
  /** What happens to operations while the journal cannot grow: its cap, the disk, or no right to write. Default `block`. */
  readonly whenFull?: WhenFull | undefined;
  /** When the journal is brought from the system's memory to the disk. Default `interval`. */
  readonly fsync?: SyncPolicy | undefined;
  /** Between two syncs of the policy `interval`. Default 1 s. */
  readonly syncEveryMs?: number | undefined;
  /**
   * How long records stay in the journal after the database took them, for one that acknowledges before its own disk has
   * them: after a power cut that hit both they are sent again. Default 0, and 0 when nothing is synced here either.
   */
  readonly keepFlushedMs?: number | undefined;
  /** A journal file is closed and the next begun at this size. Default 16 MiB, or a quarter of a smaller `maxJournalBytes`. */
  readonly segmentBytes?: number | undefined;
  /**
   * Bytes of rows in one call of `record_operations`: the first ones, and the limits between which that grows with a
   * backlog and shrinks when the database is slow. Default 512 KiB, 32 KiB and 4 MiB. A row is never cut.
   */
  readonly batchBytes?: number | undefined;
  readonly minBatchBytes?: number | undefined;
  readonly maxBatchBytes?: number | undefined;
  /** Most calls of `record_operations` at once. Default 4. */
  readonly uploads?: number | undefined;
  /** How long rows are collected into a batch. Default 50 ms. */
  readonly lingerMs?: number | undefined;
  /** For one call of `record_operations`. Default 30 s. */
  readonly attemptTimeoutMs?: number | undefined;
  /** The first and the longest pause after a failed call; the real one is a random part of it. Default 200 ms and 30 s. */
  readonly backoffMs?: number | undefined;
  readonly backoffLimitMs?: number | undefined;
  /** An operation open for longer is stored as pending. Default 1 s. */
  readonly pendingAfterMs?: number | undefined;
  /** How often dead processes' journals are looked for. Default 10 s. */
  readonly adoptEveryMs?: number | undefined;
  /** A process that cannot be asked (another machine) is dead after this long without a sign. Default 60 s. */
  readonly staleMs?: number | undefined;
  /** How long `close` waits for the database. Default 5 s. */
  readonly closeMs?: number | undefined;
  /** Size of `rejected.ndjson` at which it is rotated; one older is kept. Default 64 MiB. */
  readonly rejectedBytes?: number | undefined;
  /** For tests of a full disk, and of one that cannot be synced. */
  readonly write?: WriteFile | undefined;
  readonly syncFile?: SyncFile | undefined;
}

const MIB = 1024 * 1024;

export type CompleteOptions = {
  readonly [K in Exclude<keyof LedgerOptions, "ca" | "sink">]-?: NonNullable<LedgerOptions[K]>;
} & {
  readonly ca: string | undefined;
  readonly sink: RecordSink | undefined;
};

export function withDefaults(options: LedgerOptions): CompleteOptions {
  const fsync = options.fsync ?? "interval";
  const maxJournalBytes = options.maxJournalBytes ?? 2048 * MIB;
  return {
    journalDir: options.journalDir,
    url: options.url,
    secretKey: options.secretKey,
    ca: options.ca,
    sink: options.sink,
    log: options.log ?? silentLog,
    maxJournalBytes,
    whenFull: options.whenFull ?? "block",
    fsync,
    syncEveryMs: options.syncEveryMs ?? 1000,
    keepFlushedMs: fsync === "never" ? 0 : (options.keepFlushedMs ?? 0),
    // files go whole: a journal of one file would be full for good
    segmentBytes: options.segmentBytes ?? Math.min(16 * MIB, Math.ceil(maxJournalBytes / 4)),
    batchBytes: options.batchBytes ?? 512 * 1024,
    minBatchBytes: options.minBatchBytes ?? 32 * 1024,
    maxBatchBytes: options.maxBatchBytes ?? 4 * MIB,
    uploads: options.uploads ?? 4,
    lingerMs: options.lingerMs ?? 50,
    attemptTimeoutMs: options.attemptTimeoutMs ?? 30_000,
    backoffMs: options.backoffMs ?? 200,
    backoffLimitMs: options.backoffLimitMs ?? 30_000,
    pendingAfterMs: options.pendingAfterMs ?? 1000,
    adoptEveryMs: options.adoptEveryMs ?? 10_000,
    staleMs: options.staleMs ?? 60_000,
    closeMs: options.closeMs ?? 5000,
    rejectedBytes: options.rejectedBytes ?? 64 * MIB,
    write: options.write ?? writeSync,
    syncFile: options.syncFile ?? fdatasyncFile,
  };
}
