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
  /** Compiled when the first row is held against it. */
  readonly validator: ModelValidator;
}

export interface ModelLookup {
  /** The active model of this name. Rejects with UNKNOWN_MODEL or MODEL_INACTIVE. */
  active(modelName: string): Promise<ReadyModel>;
  /** What stands under this name, active or not; null without any. */
  current(modelName: string): Promise<DataModelOutput | null>;
  /** Drops what is kept of a model, because it has changed; without a name, all. */
  forget(modelName?: string): void;
  /** So long after a change at the latest does no process use what was before, whoever made it: nothing older is given. */
  readonly staleMs: number;
}

export interface ModelLookupOptions {
  readonly staleMs?: number;
}

const keptModels = 500;

interface Kept {
  readonly ready: ReadyModel;
  /** When it was asked for: from then on it may be out of date. */
  readonly askedAt: number;
}

/** Models by name, kept for a moment: else every operation on a row would cost a second one on `data_models`. */
export function createModelLookup(
  store: Pick<ModelStore, "getByName" | "version">,
  { staleMs = 1000 }: ModelLookupOptions = {},
): ModelLookup {
  const read = async (modelName: string): Promise<Kept> => {
    const askedAt = performance.now();
    try {
      return { ready: ready(await modelInForce(store, await store.getByName(modelName))), askedAt };
    } catch (error) {
      throw error instanceof WaybillDbError && error.code === "UNKNOWN_MODEL" ? unknownModel(modelName) : error;
    }
  };
  const kept = new LRUCache<string, Kept>({
    max: keptModels,
    ttl: staleMs,
    async fetchMethod(modelName, _, { options }) {
      const found = await read(modelName);
      options.ttl = Math.max(staleMs - (performance.now() - found.askedAt), 1);
      return found;
    },
  });
  /** Undefined for a read that `forget` overtook, or that had to give its place away: the cache ends it with an error. */
  const fetched = async (modelName: string): Promise<Kept | undefined> => {
    try {
      return await kept.fetch(modelName);
    } catch (error) {
      if (error instanceof ApiError || error instanceof WaybillDbError) throw error;
      return undefined;
    }
  };
  const find = async (modelName: string): Promise<ReadyModel> => {
    const oldest = performance.now() - staleMs;
    // a fetch takes several promises also for what is there
    const found = kept.get(modelName) ?? (await fetched(modelName));
    // a fetch that `forget` overtook, or that somebody began too long ago: read what is there now
    if (found === undefined || found.askedAt < oldest) return (await read(modelName)).ready;
    return found.ready;
  };
  return {
    async active(modelName) {
      const found = await find(modelName);
      if (found.model.is_active) return found;
      throw new ApiError({
        code: "MODEL_INACTIVE",
        message: `The model ${modelName} is deprecated and takes no operation`,
        hint: "Use its successor, or ask an admin to call models.reactivate.",
        issues: [{ field: "model", rule: "active", message: "must be an active model" }],
      });
    },
    async current(modelName) {
      try {
        return (await find(modelName)).model;
      } catch (error) {
        if (error instanceof ApiError && error.waybillCode === "UNKNOWN_MODEL") return null;
        throw error;
      }
    },
    forget(modelName) {
      if (modelName === undefined) kept.clear();
      else kept.delete(modelName);
    },
    staleMs,
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
  let validator: ModelValidator | undefined;
  return {
    model,
    columns: columnsOf(model.fields),
    primaryKey: primaryKeyOf(model.fields),
    get validator() {
      return (validator ??= compileModel(model.fields, model.validation_rules));
    },
  };
}
