export {
  applyChange,
  purgeDropped,
  rollbackChange,
  type ApplyOptions,
  type ChangeOptions,
  type ChangeReport,
  type ChangeStep,
} from "./apply-change.ts";
export { scriptOf } from "./migration-files.ts";
export { MigrationError, type MigrationErrorCode } from "./migration-error.ts";
export { migrationPlanSchema, type MigrationPlan, type Statement } from "./migration-plan.ts";
export { planChange, type PlanOptions } from "./plan-change.ts";
export { proveChange, type Proof, type ProveOptions } from "./prove-change.ts";
export { registryEntry } from "./registry-entry.ts";
export type { Rename } from "./renames.ts";
export type { SampleRows } from "./sample-rows.ts";
export type { ScratchDatabase } from "./sql-session.ts";
