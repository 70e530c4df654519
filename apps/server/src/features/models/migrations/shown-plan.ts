import type { ErrorIssue, ModelPlan, PlanStatement, VersionStep } from "@waybill/contracts";
import { type MigrationPlan, type Proof, scriptOf, type Statement } from "@waybill/db";

export interface PlanParts {
  readonly plan: MigrationPlan;
  readonly proof: Proof;
  readonly steps: readonly VersionStep[];
  readonly adopts: readonly string[];
  readonly warnings: readonly ErrorIssue[];
  readonly usage: ModelPlan["usage"];
  /** Who runs it, where this server cannot. */
  readonly byHand: string | undefined;
}

/** A plan as procedures show it. */
export function shownPlan({ plan, proof, steps, adopts, warnings, usage, byHand }: PlanParts): ModelPlan {
  return {
    fingerprint: plan.fingerprint,
    models: [...steps],
    adopts: [...adopts],
    up: plan.up.map(shownStatement),
    down: plan.down.map(shownStatement),
    loses: { up: lossesOf(plan.up), down: lossesOf(plan.down) },
    proof: { steps: proof.steps.map(({ name, ms }) => ({ name, ms })), rows: { ...proof.rows } },
    warnings: [...warnings],
    usage,
    run_by_hand:
      byHand === undefined ? null : { up: scriptOf(plan, "up", byHand), down: scriptOf(plan, "down", byHand) },
  };
}

function shownStatement(statement: Statement): PlanStatement {
  const { sql, kind, table, lock, alsoLocks, rewrites, scans, loses, effect } = statement;
  return { sql, kind, table, lock, also_locks: alsoLocks, rewrites, scans, loses, effect };
}

function lossesOf(statements: readonly Statement[]): string[] {
  return statements.flatMap(({ loses }) => loses ?? []);
}
