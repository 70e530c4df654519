import type { CacheOptions } from "./cache/index.ts";
import type { RecordSink, SyncPolicy, WhenFull } from "./ledger/index.ts";
import type { Log } from "./log.ts";
import type { EncryptionKeys } from "./secrets.ts";

export interface WaybillOptions {
  /** The Supabase project's URL: `https:`, or `http:` to a loopback host where `allowHttpLoopback` says so. */
  readonly url: string;
  /** `sb_publishable_…` or a legacy JWT of role anon: the key under which users' calls run. */
  readonly publishableKey: string;
  /** `sb_secret_…` or a legacy JWT of role service_role: Waybill's own calls and the ledger's flush. */
  readonly secretKey: string;
  /** PEM text of a certificate authority to trust, such as the local stack's. Default: the system's. */
  readonly ca?: string | undefined;
  /** Where records wait for the database, across restarts: a directory on a local disk, made with mode 0700. */
  readonly journalDir: string;
  /** Names this Waybill in `client_id` (`<instance>/<client_type>`). Default: the host's name. Two side by side need two. */
  readonly instance?: string | undefined;
  /** From the call to the last byte read, retries included. Default 60,000 (data-model.md §2, Timeout). */
  readonly operationTimeoutMs?: number | undefined;
  /** Bytes of a body, and of a search, that a record keeps whole, a side. Default 16,384; beyond it size, row count and a preview. */
  readonly captureBytes?: number | undefined;
  /** Columns never recorded besides those whose names tell: `table.column`, or `column` in every table. */
  readonly redact?: readonly string[] | undefined;
  /** For keys and tokens at rest ({@link parseEncryptionKeys}). Default: a key file of its own in `journalDir`, mode 0600. */
  readonly encryptionKeys?: EncryptionKeys | undefined;
  /** Bytes that records which wait for the database may take on the disk, at least 1 MiB. Default 2 GiB. */
  readonly maxJournalBytes?: number | undefined;
  /**
   * When the journal cannot grow (that limit, a full disk, a read-only one): `block` refuses calls with `LEDGER_FULL`,
   * `shed` lets them go on without a record, which `health()` and the log tell. Default `block`.
   */
  readonly whenLedgerFull?: WhenFull | undefined;
  /**
   * Days for which records are kept, 1 to 3650. With it this process is ready to run the jobs of the database: of all
   * that are, one does. Without it this process runs none.
   */
  readonly operationRetentionDays?: number | undefined;
  /** Days for which records outlive the end of their session, 0 to 3650. Default: `operationRetentionDays`. Needs that one. */
  readonly sessionRetentionDays?: number | undefined;
  /** Days after which a session that nobody uses is over, 1 to 365. Default 7. A job does it: needs `operationRetentionDays`. */
  readonly sessionIdleDays?: number | undefined;
  /**
   * When records are brought to the disk. `never`: the death of the process costs none, a power cut may. `interval`: a
   * power cut costs at most about the last second. `always`: no request leaves before its intent is on the disk, which
   * costs each the time of a sync. Default `interval`.
   */
  readonly journalFsync?: SyncPolicy | undefined;
  /** The database acknowledges before its own disk has it (`synchronous_commit = off`, PGlite): records stay a while longer. */
  readonly databaseCommitsLater?: boolean | undefined;
  readonly allowHttpLoopback?: boolean | undefined;
  /** Hosts, by name or address, that clients may be registered for though they are private, link-local or loopback. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Keeps answers of these tables in memory, each for the caller that it was given to. Default: none. */
  readonly cache?: CacheOptions | undefined;
  readonly log?: Log | undefined;
  /** Is shown all records, besides the database. */
  readonly sink?: RecordSink | undefined;
}
