import type { DataModelOutput } from "@waybill/contracts";
import type { ModelStore } from "@waybill/db";
import { definitionOf } from "../definition-change.ts";

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
