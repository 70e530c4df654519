import type { WhenFull } from "./ledger-options.ts";

/** How the ledger does, from the process's start; for `/health`, `/metrics` and `close`. */
export interface LedgerHealth {
  /** Records in the journals of this process (adopted ones too) that are not in the database yet. */
  readonly pending: number;
  /** Operations that were begun and have no outcome yet. */
  readonly open: number;
  /** Bytes on disk in the journals that this process answers for; at most about `maxJournalBytes`. */
  readonly journaledBytes: number;
  /** Bytes of records in memory: of this turn, and in uploads under way. Bounded, however long the database is away. */
  readonly bufferedBytes: number;
  /** Journals of dead processes that are being flushed. */
  readonly adopted: number;
  /** ISO time of the last batch that the database took. */
  readonly lastFlushAt: string | null;
  /** Why the last batch did not go through; null when it did. Never holds a key or a body. */
  readonly lastError: string | null;
  /** Why no operation can be recorded at the moment; null when it can. */
  readonly full: string | null;
  /** What happens to operations as long as `full` says why: refused, or sent without a record. */
  readonly whenFull: WhenFull;
  /** Why a power cut may cost what was written last, although the journal should be synced; null when it would not. */
  readonly unsynced: string | null;
  /** Operations refused with `LEDGER_FULL` or `SHUTTING_DOWN`. */
  readonly refused: number;
  /** Operations that went on without a record, by `WAYBILL_LEDGER_FULL=shed`. */
  readonly shed: number;
  /** Records that the database refused for good; they are in `rejected.ndjson`. */
  readonly rejected: number;
  /** Records stored without a body that the database refused. */
  readonly bodiesDropped: number;
  /** Records left out because their client was removed. */
  readonly cascaded: number;
  /** Damaged stretches found in journals, kept aside in `*.damaged`. */
  readonly damaged: number;
  /** Operations settled as `OUTCOME_UNKNOWN` for dead processes. */
  readonly outcomeUnknown: number;
  /** Clients whose operations wait until `clientRegistered` names them. */
  readonly waitingForClients: readonly string[];
}
