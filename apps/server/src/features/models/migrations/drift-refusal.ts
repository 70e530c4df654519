import type { DataModelOutput } from "@waybill/contracts";
import { ApiError } from "../../../trpc/api-error.ts";

/** The tables of models as they are now, as a plan writes them. */
export function plannedTables(models: readonly DataModelOutput[], now: ReadonlyMap<string, DataModelOutput>): string[] {
  return models.map((model) => `"public"."${(now.get(model.model_name) ?? model).table_name}"`);
}

/** Throws SCHEMA_DRIFTED when one of these tables, as a plan writes them, is not as its model says. */
export function refuseDrifted(drift: readonly string[], tables: readonly string[]): void {
  const names = tables.map((table) => `${table.replaceAll('"', "")}:`);
  const lines = drift.filter((line) => names.some((name) => line.startsWith(name)));
  if (lines.length === 0) return;
  throw new ApiError({
    code: "SCHEMA_DRIFTED",
    message: `Somebody has changed ${[...new Set(lines.map((line) => line.split(":")[0]))].join(", ")} beside Waybill`,
    hint: "Take back what issues name; or name the models of these tables and send from_table: true, to plan from the tables as they are.",
    issues: lines.slice(0, 50).map((message) => ({ field: "models", rule: "SCHEMA_DRIFTED", message })),
  });
}
