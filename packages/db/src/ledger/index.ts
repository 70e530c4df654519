export { type Clock, createClock, type Elapsed, formatMicros, type Instant, parseMicros } from "./clock.ts";
export { OUTCOME_UNKNOWN } from "./journal/recovery.ts";
export { LedgerError, type LedgerErrorCode } from "./ledger-errors.ts";
export type { LedgerHealth } from "./ledger-health.ts";
export type { LedgerOptions } from "./ledger-options.ts";
export type { JsonText, Ledger, OpenOperation, OperationIntent, OperationOutcome } from "./ledger-types.ts";
export { type FlushReport, type OpenedLedger, openLedger } from "./open-ledger.ts";
export { dropped } from "./row.ts";
export { createUuidV7 } from "./uuidv7.ts";
