import type { DataModelOutput, ModelPlan, ModelPlanInput, VersionStep } from "@waybill/contracts";
import { liveSample, type MigrationPlan, planChange, type Proof, proveChange, type Waybill } from "@waybill/db";
import { ApiError, invalidField } from "../../../trpc/api-error.ts";
import { classifyDefinition } from "../definition-change.ts";
import { plannedTables, refuseDrifted } from "./drift-refusal.ts";
import { modelsInForce } from "./in-force.ts";
import { asApiFailure } from "./migration-failure.ts";
import { type Renames, renamesOf } from "./renames.ts";
import { type SchemaSides, schemaSides } from "./schema-sides.ts";
import type { ScratchPool } from "./scratch-pool.ts";
import { shownPlan } from "./shown-plan.ts";
import { type StartingTables, startingTables } from "./starting-tables.ts";
import { tryModels } from "./try-models.ts";

export interface ModelPlanner {
  /** Throws UNKNOWN_MODEL, MODEL_INACTIVE, VALIDATION_FAILED, SCRATCH_BUSY, SCHEMA_DRIFTED, and what planChange and proveChange throw. */
  plan(input: ModelPlanInput, userId: string): Promise<ModelPlan>;
}

export interface ModelPlannerOptions {
  readonly waybill: Waybill;
  readonly scratch: ScratchPool;
  /** Of the database itself; without it plans are shown as SQL. */
  readonly dbUrl: string | undefined;
  /** Rows of each table that a plan's proof may copy to the scratch database at the most. */
  readonly sampleRows: number;
}

const usageDays = 7;
const dayMs = 86_400_000;

/** What is planned: models as they shall be, and those whose tables are there, by name. */
interface Wish {
  readonly wanted: readonly DataModelOutput[];
  readonly now: ReadonlyMap<string, DataModelOutput>;
  readonly sides: SchemaSides;
}

export function createModelPlanner(options: ModelPlannerOptions): ModelPlanner {
  const { waybill, dbUrl } = options;
  const { models: store, modelMigrations: plans } = waybill;
  return {
    async plan(input, userId) {
      const models = await Promise.all(input.models.map((name) => store.getByName(name)));
      const wanted = pending(models, input.from_table);
      const inForce = await modelsInForce(store);
      const now = new Map(inForce.map((model) => [model.model_name, model]));
      const wish = { wanted, now, sides: await schemaSides(inForce, wanted) };
      const shallBe = wish.sides.after.models;
      const warnings = await asApiFailure(() => tryModels(options.scratch, wanted, shallBe, userId));
      const start = await startOf(options, wish, input.from_table);
      refuseDrifted(start.drift, plannedTables(wanted, now));
      const taken = new Map(start.adopted.map((model) => [model.model_name, now.get(model.model_name) ?? model]));
      const renames = renamesOf(input.renames, wanted, new Map([...now, ...taken]));
      const limit = Math.min(input.sample_rows, options.sampleRows);
      const { plan, proof } = await asApiFailure(() => proven(options, { ...wish, start, renames, limit }));
      refuseDrifted(start.drift, plan.tables);
      const steps = wanted.map(({ model_name, applied_version, schema_version }): VersionStep => {
        return { model_name, from: applied_version, to: schema_version };
      });
      const usage = await Promise.all(brokenBy(wish).map(({ model_name }) => usageOf(model_name)));
      await plans.keep(plan, steps, userId);
      return shownPlan({
        plan,
        proof,
        steps,
        adopts: [...taken.keys()],
        warnings,
        usage,
        byHand: dbUrl === undefined ? userId : undefined,
      });
    },
  };

  async function usageOf(modelName: string): Promise<ModelPlan["usage"][number]> {
    const now = Date.now();
    const created_from = new Date(now - usageDays * dayMs).toISOString();
    const created_before = new Date(now + 1000).toISOString();
    const usage = await store.usage({ model_name: modelName, created_from, created_before });
    return { model_name: modelName, ...usage };
  }
}

/** Of the models asked for, those whose tables are not as they are declared. Throws MODEL_INACTIVE, VALIDATION_FAILED. */
function pending(models: readonly DataModelOutput[], fromTable: boolean): readonly DataModelOutput[] {
  const inactive = models.find((model) => !model.is_active);
  if (inactive !== undefined) {
    throw new ApiError({
      code: "MODEL_INACTIVE",
      message: `The model ${inactive.model_name} is deprecated`,
      hint: "Reactivate it by models.reactivate, then plan its change.",
    });
  }
  if (fromTable) return models;
  const left = models.filter(({ applied_version, schema_version }) => applied_version !== schema_version);
  if (left.length > 0) return left;
  const said = models.map(({ model_name, schema_version }) => `${model_name} ${schema_version}`).join(", ");
  throw invalidField("models", "pending", `must name a model to change: ${said} stands applied as it is declared`);
}

/** Where the plan starts and ends; without a look at the database where there is no way to it. */
async function startOf(
  { scratch, dbUrl }: ModelPlannerOptions,
  { wanted, now, sides }: Wish,
  fromTable: boolean,
): Promise<StartingTables> {
  if (dbUrl === undefined) return { before: sides.before.sql, after: sides.after.sql, adopted: [], drift: [] };
  return asApiFailure(() =>
    scratch.use((database) => startingTables({ scratch: database, dbUrl, sides, wanted, now, fromTable })),
  );
}

interface ToProve extends Wish {
  readonly start: StartingTables;
  readonly renames: Renames;
  readonly limit: number;
}

/** Rows of tables that are taken as they are need not be as their model says, and stay out. */
async function proven(
  { scratch, dbUrl }: ModelPlannerOptions,
  { sides, start, renames, limit }: ToProve,
): Promise<{ plan: MigrationPlan; proof: Proof }> {
  const taken = new Set(start.adopted.map(({ model_name }) => model_name));
  const before = sides.before.models.filter(({ model_name }) => !taken.has(model_name));
  const rows =
    dbUrl === undefined ? {} : await liveSample({ dbUrl, before, after: sides.after.models, old: renames.old, limit });
  const states = { before: start.before, after: start.after, renames: renames.list, rows };
  return scratch.use(async (database) => {
    const plan = await planChange({ scratch: database, ...states });
    return { plan, proof: await proveChange({ scratch: database, plan, rows }) };
  });
}

/** The models whose change can refuse what was right before. */
function brokenBy({ wanted, now }: Wish): readonly DataModelOutput[] {
  return wanted.filter((model) => {
    const old = now.get(model.model_name);
    return old !== undefined && classifyDefinition(old, model) === "major";
  });
}
