import {
  type DataModelOutput,
  type ModelMigrateInput,
  type ModelMigrateOutput,
  type ModelPlan,
  type ModelPlanInput,
  type VersionStep,
} from "@waybill/contracts";
import {
  applyChange,
  type ChangeOptions,
  type KeptPlan,
  liveSample,
  planChange,
  proveChange,
  purgeDropped,
  registryEntry,
  rollbackChange,
  type Waybill,
} from "@waybill/db";
import type { Logger } from "pino";
import { ApiError, invalidField } from "../../../trpc/api-error.ts";
import { classifyDefinition } from "../definition-change.ts";
import type { ModelChanges } from "../watching/model-changes.ts";
import { plannedTables, refuseDrifted } from "./drift-refusal.ts";
import { modelInForce, modelsInForce } from "./in-force.ts";
import { asApiFailure } from "./migration-failure.ts";
import { renamesOf } from "./renames.ts";
import { shownPlan } from "./shown-plan.ts";
import { schemaSides } from "./schema-sides.ts";
import { startingTables } from "./starting-tables.ts";
import { isServed } from "./served.ts";
import type { ScratchPool } from "./scratch-pool.ts";
import { tryModels } from "./try-models.ts";

/** Changes of models' tables: planned and proven on a scratch database, made and taken back on the real one. */
export interface ModelMigrations {
  /** Throws UNKNOWN_MODEL, MODEL_INACTIVE, VALIDATION_FAILED, SCRATCH_BUSY, SCHEMA_DRIFTED, and what planChange and proveChange throw. */
  plan(input: ModelPlanInput, userId: string): Promise<ModelPlan>;
  /** Throws NOT_FOUND, DATABASE_URL_MISSING, and what applyChange throws. */
  migrate(input: ModelMigrateInput, userId: string): Promise<ModelMigrateOutput>;
  /** The same, for rollbackChange. */
  rollback(input: ModelMigrateInput, userId: string): Promise<ModelMigrateOutput>;
  /** Drops for good what a plan has kept aside. Throws NOT_FOUND, DATABASE_URL_MISSING, and what purgeDropped throws. */
  purge(fingerprint: string): Promise<void>;
}

export interface ModelMigrationsOptions {
  readonly waybill: Waybill;
  readonly changes: Pick<ModelChanges, "changed">;
  readonly scratch: ScratchPool;
  /** Of the database itself; without it plans are shown as SQL, and not applied. */
  readonly dbUrl: string | undefined;
  /** The `supabase/migrations` in which applied plans are written. */
  readonly folder: string | undefined;
  /** Rows of each table that a plan's proof may copy to the scratch database at the most. */
  readonly sampleRows: number;
  readonly logger: Logger;
}

const usageDays = 7;
const dayMs = 86_400_000;

export function createModelMigrations(options: ModelMigrationsOptions): ModelMigrations {
  const { waybill, changes, scratch, dbUrl, folder, sampleRows, logger } = options;
  const { models: store, modelMigrations: plans } = waybill;

  const change = async (way: "up" | "down", input: ModelMigrateInput, userId: string): Promise<ModelMigrateOutput> => {
    const url = needed(dbUrl);
    const kept = await plans.get(input.fingerprint);
    const { plan, models, fingerprint } = kept;
    const common: ChangeOptions = {
      dbUrl: url,
      plan,
      confirmDestructive: input.confirm_destructive,
      ...(folder === undefined ? {} : { folder }),
      record: registryEntry(fingerprint, way, userId),
    };
    try {
      const report = await asApiFailure(() =>
        way === "up" ? applyChange({ ...common, name: migrationName(kept) }) : rollbackChange(common),
      );
      const { version, name, already, files, fileError } = report;
      logger.info({ user_id: userId, fingerprint, way, models, version, already }, "the tables of models were changed");
      if (!(await isServed(waybill.service(), await tablesOf(models)))) {
        logger.warn({ fingerprint, models }, "the Data API does not know yet what was changed");
      }
      if (fileError !== null) logger.warn({ folder, fingerprint }, "the migration's file could not be written");
      return { fingerprint, models, version, name, already, files: [...files], file_error: fileError };
    } finally {
      for (const { model_name } of models) changes.changed(model_name);
      for (const table of plan.tables) waybill.invalidate(table);
    }
  };

  return {
    async plan(input, userId) {
      const models = await Promise.all(input.models.map((name) => store.getByName(name)));
      const wanted = pending(models, input.from_table);
      const inForce = await modelsInForce(store);
      const now = new Map(inForce.map((model) => [model.model_name, model]));
      const sides = await schemaSides(inForce, wanted);
      const warnings = await asApiFailure(() => tryModels(scratch, wanted, sides.after.models, userId));
      const fromTable = input.from_table;
      const start =
        dbUrl === undefined
          ? { before: sides.before.sql, after: sides.after.sql, adopted: [], drift: [] }
          : await asApiFailure(() =>
              scratch.use((database) => startingTables({ scratch: database, dbUrl, sides, wanted, now, fromTable })),
            );
      refuseDrifted(start.drift, plannedTables(wanted, now));
      const taken = new Map(start.adopted.map((model) => [model.model_name, now.get(model.model_name) ?? model]));
      const renames = renamesOf(input.renames, wanted, new Map([...now, ...taken]));
      const limit = Math.min(input.sample_rows, sampleRows);
      const sampled = sides.before.models.filter(({ model_name }) => !taken.has(model_name));
      const { plan, proof } = await asApiFailure(async () => {
        const rows =
          dbUrl === undefined
            ? {}
            : await liveSample({ dbUrl, before: sampled, after: sides.after.models, old: renames.old, limit });
        const states = { before: start.before, after: start.after, renames: renames.list, rows };
        return scratch.use(async (database) => {
          const planned = await planChange({ scratch: database, ...states });
          return { plan: planned, proof: await proveChange({ scratch: database, plan: planned, rows }) };
        });
      });
      refuseDrifted(start.drift, plan.tables);
      const adopts = [...taken.keys()];
      const steps = wanted.map(({ model_name, applied_version, schema_version }): VersionStep => {
        return { model_name, from: applied_version, to: schema_version };
      });
      const broken = wanted.filter((model) => {
        const old = now.get(model.model_name);
        return old !== undefined && classifyDefinition(old, model) === "major";
      });
      const usage = await Promise.all(broken.map(({ model_name }) => usageOf(model_name)));
      await plans.keep(plan, steps, userId);
      return shownPlan({
        plan,
        proof,
        steps,
        adopts,
        warnings,
        usage,
        byHand: dbUrl === undefined ? userId : undefined,
      });
    },
    migrate: (input, userId) => change("up", input, userId),
    rollback: (input, userId) => change("down", input, userId),
    async purge(fingerprint) {
      const url = needed(dbUrl);
      const { plan } = await plans.get(fingerprint);
      await asApiFailure(() => purgeDropped({ dbUrl: url, plan }));
    },
  };

  async function tablesOf(steps: readonly VersionStep[]): Promise<string[]> {
    const models = await Promise.all(steps.map(({ model_name }) => store.getByName(model_name)));
    const made = models.filter(({ applied_version }) => applied_version !== null);
    return Promise.all(made.map(async (model) => (await modelInForce(store, model)).table_name));
  }

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

function needed(dbUrl: string | undefined): string {
  if (dbUrl !== undefined) return dbUrl;
  throw new ApiError({ code: "DATABASE_URL_MISSING" });
}

/** `airports_1_1_0`, as a migration's file is called. */
function migrationName({ models }: KeptPlan): string {
  const words = models.map(({ model_name, to }) => `${model_name}_${to ?? ""}`).join("_");
  return words
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .slice(0, 60);
}
