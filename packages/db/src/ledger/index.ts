export { createClock } from "./clock.ts";
export { onExit } from "./exit-hook.ts";
export { LedgerError } from "./ledger-errors.ts";
export type { LedgerHealth } from "./ledger-health.ts";
export type { SyncPolicy } from "./journal/disk-sync.ts";
export type { RecordSink, WhenFull } from "./ledger-options.ts";
export { type FlushReport, type OpenedLedger, openLedger } from "./open-ledger.ts";
export { createUuidV7 } from "./uuidv7.ts";
