import { createTableChanges, type TableChanges, type TableChangesOptions } from "./change-tables.ts";
import { createModelPlanner, type ModelPlanner, type ModelPlannerOptions } from "./plan-models.ts";

/** Changes of models' tables: planned and proven on a scratch database, made and taken back on the real one. */
export interface ModelMigrations extends ModelPlanner, TableChanges {}

export function createModelMigrations(options: ModelPlannerOptions & TableChangesOptions): ModelMigrations {
  return { ...createModelPlanner(options), ...createTableChanges(options) };
}
