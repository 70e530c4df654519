import type { ModelMigrateInput, ModelMigrateOutput, VersionStep } from "@waybill/contracts";
import {
  applyChange,
  type ChangeOptions,
  type ChangeReport,
  type KeptPlan,
  purgeDropped,
  registryEntry,
  rollbackChange,
  type Waybill,
} from "@waybill/db";
import type { Logger } from "pino";
import type { ModelChanges } from "../watching/model-changes.ts";
import { neededUrl } from "./database-url.ts";
import { modelInForce } from "./in-force.ts";
import { asApiFailure } from "./migration-failure.ts";
import { isServed } from "./served.ts";

export interface TableChanges {
  /** Throws NOT_FOUND, DATABASE_URL_MISSING, and what applyChange throws. */
  migrate(input: ModelMigrateInput, userId: string): Promise<ModelMigrateOutput>;
  /** The same, for rollbackChange. */
  rollback(input: ModelMigrateInput, userId: string): Promise<ModelMigrateOutput>;
  /** Drops for good what a plan has kept aside. Throws NOT_FOUND, DATABASE_URL_MISSING, and what purgeDropped throws. */
  purge(fingerprint: string, userId: string): Promise<void>;
}

export interface TableChangesOptions {
  readonly waybill: Waybill;
  readonly changes: Pick<ModelChanges, "changed">;
  /** Of the database itself; without it nothing is changed. */
  readonly dbUrl: string | undefined;
  /** The `supabase/migrations` in which applied plans are written. */
  readonly folder: string | undefined;
  readonly logger: Logger;
}

export function createTableChanges(options: TableChangesOptions): TableChanges {
  const { waybill, changes, dbUrl, folder, logger } = options;
  const { models: store, modelMigrations: plans } = waybill;

  const change = async (way: "up" | "down", input: ModelMigrateInput, userId: string): Promise<ModelMigrateOutput> => {
    const url = neededUrl(dbUrl);
    const kept = await plans.get(input.fingerprint);
    const { models, fingerprint } = kept;
    const common: ChangeOptions = {
      dbUrl: url,
      plan: kept.plan,
      confirmDestructive: input.confirm_destructive,
      ...(folder === undefined ? {} : { folder }),
      record: registryEntry(fingerprint, way, userId),
    };
    const changed = (): Promise<ChangeReport> =>
      way === "up" ? applyChange({ ...common, name: migrationName(kept) }) : rollbackChange(common);
    // what was kept of the tables is as old after a change in doubt
    const report = await asApiFailure(changed).finally(() => forgetOld(kept));
    const { version, name, already, files, fileError } = report;
    logger.info({ user_id: userId, fingerprint, way, models, version, already }, "the tables of models were changed");
    if (fileError !== null) logger.warn({ folder, fingerprint }, "the migration's file could not be written");
    await untilServed(kept);
    return { fingerprint, models, version, name, already, files: [...files], file_error: fileError };
  };

  return {
    migrate: (input, userId) => change("up", input, userId),
    rollback: (input, userId) => change("down", input, userId),
    async purge(fingerprint, userId) {
      const url = neededUrl(dbUrl);
      const { plan, models } = await plans.get(fingerprint);
      await asApiFailure(() => purgeDropped({ dbUrl: url, plan }));
      logger.info({ user_id: userId, fingerprint, models }, "what a change had dropped and kept is gone for good");
    },
  };

  function forgetOld({ models, plan }: KeptPlan): void {
    for (const { model_name } of models) changes.changed(model_name);
    for (const table of plan.tables) waybill.invalidate(table);
  }

  /** Waits for the Data API; the change stands by now, so nothing here can make it fail. */
  async function untilServed({ models, fingerprint }: KeptPlan): Promise<void> {
    try {
      if (await isServed(waybill.service(), await tablesOf(models))) return;
      logger.warn({ fingerprint, models }, "the Data API does not know yet what was changed");
    } catch (err) {
      logger.warn({ fingerprint, models, err }, "whether the Data API knows what was changed could not be found out");
    }
  }

  async function tablesOf(steps: readonly VersionStep[]): Promise<string[]> {
    const models = await Promise.all(steps.map(({ model_name }) => store.getByName(model_name)));
    const made = models.filter(({ applied_version }) => applied_version !== null);
    return Promise.all(made.map(async (model) => (await modelInForce(store, model)).table_name));
  }
}

/** `airports_1_1_0`, as a migration's file is called. */
function migrationName({ models }: KeptPlan): string {
  const words = models.map(({ model_name, to }) => `${model_name}_${to ?? ""}`).join("_");
  return words
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .slice(0, 60);
}
