import type { SupabaseClient } from "@supabase/supabase-js";
import {
  type ModelMigration,
  modelMigrationFilterSchema,
  modelMigrationSchema,
  planFingerprintSchema,
  type VersionStep,
} from "@waybill/contracts";
import { z } from "zod";
import type { Database } from "../database.types.ts";
import { WaybillDbError } from "../errors.ts";
import { migrationPlanSchema, type MigrationPlan } from "../models/migrations/migration-plan.ts";
import { rowsOf } from "./answer.ts";
import { parseInput } from "./input.ts";
import { type Page, readPage, rowReader } from "./page.ts";

/** A plan with what became of it. */
export interface KeptPlan extends ModelMigration {
  readonly plan: MigrationPlan;
}

/** Plans to change models' tables. They are as mighty as SQL: written here alone, and asked for by their fingerprint. */
export interface ModelMigrationStore {
  keep(plan: MigrationPlan, models: readonly VersionStep[], plannedBy: string): Promise<void>;
  /** Throws `NOT_FOUND`: plans that nobody applied are kept for a week. */
  get(fingerprint: string): Promise<KeptPlan>;
  /** The newest first. */
  list(filter: z.input<typeof modelMigrationFilterSchema>): Promise<Page<ModelMigration>>;
}

const columns = Object.keys(modelMigrationSchema.shape).join(",");
const keptSchema = modelMigrationSchema.extend({ plan: migrationPlanSchema });

export function createModelMigrationStore(
  service: SupabaseClient<Database>,
  readRows = rowReader(),
): ModelMigrationStore {
  // a plan is nested JSON, of which the generated types make an endless one; rows are typed by their contract
  const database: SupabaseClient = service;
  return {
    async keep(plan, models, plannedBy) {
      const migration = { fingerprint: plan.fingerprint, models, plan, planned_by: plannedBy };
      const answer = await database.rpc("keep_model_migration", { migration }).select("fingerprint");
      rowsOf("Keeping the plan", z.object({ fingerprint: planFingerprintSchema }), answer);
    },

    async get(fingerprint) {
      const key = parseInput("The fingerprint", planFingerprintSchema, fingerprint);
      const answer = await database.from("model_migrations").select(`${columns},plan`).eq("fingerprint", key);
      const [found] = rowsOf("Reading the plan", keptSchema, answer);
      if (found !== undefined) return found;
      throw new WaybillDbError({
        code: "NOT_FOUND",
        message: "There is no plan with this fingerprint.",
        hint: "Plan the change anew by models.plan: plans that nobody applied are kept for a week.",
        issues: [{ field: "fingerprint", rule: "known", message: "must be that of a plan" }],
      });
    },

    async list(input) {
      const filter = parseInput("The filter of plans", modelMigrationFilterSchema, input);
      const read = async (cursor: string | undefined, count: number) => {
        let query = database.from("model_migrations").select(columns);
        const { model_name, status } = filter;
        if (model_name !== undefined) query = query.contains("models", JSON.stringify([{ model_name }]));
        if (status !== undefined) query = query.eq("status", status);
        if (cursor !== undefined) query = query.lt("planned_at", cursor);
        const answer = await query.order("planned_at", { ascending: false }).limit(count);
        return rowsOf("Listing the plans", modelMigrationSchema, answer);
      };
      return readPage(readRows, { ...filter, cursor: filter.cursor, cursorOf: (row) => row.planned_at, read });
    },
  };
}
