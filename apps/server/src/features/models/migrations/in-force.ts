import type { DataModelOutput } from "@waybill/contracts";
import type { ModelStore } from "@waybill/db";
import pMap from "p-map";
import { activeModels } from "../active-models.ts";
import { definitionOf } from "../definition-change.ts";

/** Versions that are read at the same time. */
const versionsAtOnce = 8;

/** All models whose tables Waybill has made, each as its table is. */
export async function modelsInForce(store: Pick<ModelStore, "list" | "version">): Promise<DataModelOutput[]> {
  const models = await activeModels(store, { withInactive: true });
  const applied = models.filter(({ applied_version }) => applied_version !== null);
  return asTheyAre(store, applied);
}

/** These models, each as it is in force. */
export function asTheyAre(
  store: Pick<ModelStore, "version">,
  models: readonly DataModelOutput[],
): Promise<DataModelOutput[]> {
  return pMap(models, (model) => modelInForce(store, model), { concurrency: versionsAtOnce });
}

/**
 * The model as its table is: until a declared version is applied, rows keep to the one before. A model whose table
 * Waybill did not make is as it is declared.
 */
export async function modelInForce(
  store: Pick<ModelStore, "version">,
  model: DataModelOutput,
): Promise<DataModelOutput> {
  const { applied_version, schema_version, model_name } = model;
  if (applied_version === null || applied_version === schema_version) return model;
  return { ...model, ...definitionOf(await store.version(model_name, applied_version)) };
}
