import { columnsOf, type DataModelOutput, primaryKeyOf } from "@waybill/contracts";
import { compileFields, type RowValidator } from "@waybill/contracts/json-schema";
import type { ModelStore } from "@waybill/db";
import { LRUCache } from "lru-cache";
import { ApiError } from "../../trpc/api-error.ts";

/** A model as operations on its rows need it. */
export interface ReadyModel {
  readonly model: DataModelOutput;
  readonly columns: readonly string[];
  readonly primaryKey: readonly string[];
  readonly validate: RowValidator;
}

export interface ModelLookup {
  /** The active model of this name. Rejects with UNKNOWN_MODEL or MODEL_INACTIVE. */
  active(modelName: string): Promise<ReadyModel>;
  /** Drops what is kept of a model, because this process has just written it. */
  forget(modelName: string): void;
}

/** How long another process's change of a model may stay unseen here. */
const staleMs = 3000;
const keptModels = 500;

/** Models by name, kept for a moment: else every operation on a row would cost a second one on `data_models`. */
export function createModelLookup(store: ModelStore): ModelLookup {
  const kept = new LRUCache<string, ReadyModel>({
    max: keptModels,
    ttl: staleMs,
    fetchMethod: async (modelName) => ready(await store.getByName(modelName)),
  });
  return {
    async active(modelName) {
      const found = await kept.fetch(modelName);
      // a fetch that `forget` overtook: read what is there now
      const { model, ...rest } = found ?? ready(await store.getByName(modelName));
      if (model.is_active) return { model, ...rest };
      throw new ApiError({
        code: "MODEL_INACTIVE",
        message: `The model ${modelName} is deprecated and takes no operation`,
        hint: "Use its successor, or ask an admin to call models.reactivate.",
      });
    },
    forget: (modelName) => void kept.delete(modelName),
  };
}

function ready(model: DataModelOutput): ReadyModel {
  return {
    model,
    columns: columnsOf(model.fields),
    primaryKey: primaryKeyOf(model.fields),
    validate: compileFields(model.fields),
  };
}
