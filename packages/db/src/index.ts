export type { CachedTable, CacheOptions } from "./cache/index.ts";
export { callErrorCode, currentContext, lastOperationId, type OperationContext } from "./client/index.ts";
export type { OperationWatcher, WatchedOperation, WatchedOutcome } from "./client/index.ts";
export type { ConnectionHealth } from "./connection/index.ts";
export type { Database, Json } from "./database.types.ts";
export { WaybillDbError } from "./errors.ts";
export { LedgerError, type FlushReport, type LedgerHealth, type RecordSink } from "./ledger/index.ts";
export type { Log } from "./log.ts";
export { compileModel, type CompiledModel, type CompileResult, ddlOf } from "./models/compile-model.ts";
export type { ServerOnly } from "./models/checks.ts";
export {
  driftOf,
  importTables,
  liveSchemaOf,
  tablesThere,
  type DriftOptions,
  type ImportedTable,
  type ImportOptions,
  type LiveSchema,
  type LiveSchemaOptions,
} from "./models/importing/index.ts";
export { type ModelTrial } from "./models/trial/model-trial.ts";
export { tryModel, type TryModelOptions } from "./models/trial/try-model.ts";
export type { RegisteredClients } from "./registered-clients.ts";
export {
  decryptSecret,
  encryptSecret,
  makeEncryptionKey,
  parseEncryptionKeys,
  type EncryptionKeys,
} from "./secrets.ts";
export {
  applyChange,
  MigrationError,
  migrationPlanSchema,
  planChange,
  proveChange,
  purgeDropped,
  registryEntry,
  rollbackChange,
  scriptOf,
  type ApplyOptions,
  type ChangeOptions,
  type ChangeReport,
  type ChangeStep,
  type MigrationErrorCode,
  type MigrationPlan,
  type PlanOptions,
  type Proof,
  type ProveOptions,
  type Rename,
  type SampleRows,
  type ScratchDatabase,
  type Statement,
} from "./models/migrations/index.ts";
export { liveSample, type LiveSampleOptions } from "./models/sampling/live-sample.ts";
export type { OldNames } from "./models/sampling/links.ts";
export { storeError, type Answer } from "./stores/answer.ts";
export type { ClientPage, ClientStore } from "./stores/clients.ts";
export { codeOfDatabase } from "./stores/database-codes.ts";
export { longestAnswer, type LongestAnswer } from "./stores/longest-answer.ts";
export { listenToModels, type ModelListenerOptions } from "./model-changes/listen.ts";
export type { ModelMarks } from "./stores/model-marks.ts";
export type { KeptPlan, ModelMigrationStore } from "./stores/model-migrations.ts";
export type { ModelPage, ModelStore } from "./stores/models.ts";
export type { Counter, CounterStore } from "./stores/counters.ts";
export type { OperationStatsStore } from "./stores/operation-stats.ts";
export type { OperationPage, OperationStore } from "./stores/operations.ts";
export type { Tokens } from "./stores/session-tokens.ts";
export type { SessionActivity } from "./stores/session-activity.ts";
export type { RefreshLease, RefreshTurn, SessionRefreshStore } from "./stores/session-refresh.ts";
export type { OpenSession, SessionPage, SessionState, SessionStore } from "./stores/sessions.ts";
export { createWaybill } from "./waybill.ts";
export type { WaybillOptions } from "./waybill-options.ts";
export type { Waybill, WaybillHealth } from "./waybill-types.ts";
export { type StandaloneFetch, trackedFetch, type TrackedFetchOptions } from "./tracked-fetch-entry.ts";
