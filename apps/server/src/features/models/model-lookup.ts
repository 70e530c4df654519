import { columnsOf, type DataModelOutput, primaryKeyOf } from "@waybill/contracts";
import { compileModel, type ModelValidator } from "@waybill/contracts/rules";
import { type ModelStore, WaybillDbError } from "@waybill/db";
import { LRUCache } from "lru-cache";
import { ApiError } from "../../trpc/api-error.ts";
import { modelInForce } from "./migrations/in-force.ts";

/** A model as operations on its rows need it: in the version that its table has. */
export interface ReadyModel {
  readonly model: DataModelOutput;
  readonly columns: readonly string[];
  readonly primaryKey: readonly string[];
  readonly validator: ModelValidator;
}

export interface ModelLookup {
  /** The active model of this name. Rejects with UNKNOWN_MODEL or MODEL_INACTIVE. */
  active(modelName: string): Promise<ReadyModel>;
  /** Drops what is kept of a model, because this process has just written it. */
  forget(modelName: string): void;
}

/** How long another process's change of a model may stay unseen here. */
const staleMs = 1500;
const keptModels = 500;

/** Models by name, kept for a moment: else every operation on a row would cost a second one on `data_models`. */
export function createModelLookup(store: ModelStore): ModelLookup {
  const read = async (modelName: string): Promise<ReadyModel> => {
    try {
      return ready(await modelInForce(store, await store.getByName(modelName)));
    } catch (error) {
      throw error instanceof WaybillDbError && error.code === "UNKNOWN_MODEL" ? unknownModel(modelName) : error;
    }
  };
  const kept = new LRUCache<string, ReadyModel>({
    max: keptModels,
    ttl: staleMs,
    fetchMethod: read,
  });
  return {
    async active(modelName) {
      // a fetch takes several promises also for what is there
      const found = kept.get(modelName) ?? (await kept.fetch(modelName));
      // a fetch that `forget` overtook: read what is there now
      const { model, ...rest } = found ?? (await read(modelName));
      if (model.is_active) return { model, ...rest };
      throw new ApiError({
        code: "MODEL_INACTIVE",
        message: `The model ${modelName} is deprecated and takes no operation`,
        hint: "Use its successor, or ask an admin to call models.reactivate.",
        issues: [{ field: "model", rule: "active", message: "must be an active model" }],
      });
    },
    forget: (modelName) => void kept.delete(modelName),
  };
}

/** Procedures on rows name their model in another field than those on models. */
function unknownModel(modelName: string): ApiError {
  return new ApiError({
    code: "UNKNOWN_MODEL",
    message: `There is no model ${modelName}`,
    issues: [{ field: "model", rule: "known", message: "must be a model's name" }],
  });
}

function ready(model: DataModelOutput): ReadyModel {
  return {
    model,
    columns: columnsOf(model.fields),
    primaryKey: primaryKeyOf(model.fields),
    validator: compileModel(model.fields, model.validation_rules),
  };
}
