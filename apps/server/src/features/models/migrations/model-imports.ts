import type { DataModelOutput, ModelDrift, ModelImportInput, ModelImportOutput } from "@waybill/contracts";
import { driftOf, importTables, type ModelStore } from "@waybill/db";
import { activeModels } from "../active-models.ts";
import { modelsReferredTo } from "../relationships.ts";
import { neededUrl } from "./database-url.ts";
import { asTheyAre, modelInForce } from "./in-force.ts";
import { asApiFailure } from "./migration-failure.ts";
import { schemaSides } from "./schema-sides.ts";
import type { ScratchPool } from "./scratch-pool.ts";

/** Looks at tables of the database itself, and changes nothing. */
export interface ModelImports {
  /** Drafts of existing tables. Throws DATABASE_URL_MISSING, and what importTables throws. */
  import(input: ModelImportInput): Promise<ModelImportOutput>;
  /** Throws UNKNOWN_MODEL, DATABASE_URL_MISSING, VALIDATION_FAILED, SCRATCH_BUSY, and what driftOf throws. */
  drift(modelName: string): Promise<ModelDrift>;
}

export interface ModelImportsOptions {
  readonly store: ModelStore;
  readonly scratch: ScratchPool;
  readonly dbUrl: string | undefined;
}

export function createModelImports({ store, scratch, dbUrl }: ModelImportsOptions): ModelImports {
  const modelsNow = async (): Promise<DataModelOutput[]> => {
    return asTheyAre(store, await activeModels(store, { withInactive: true }));
  };
  return {
    async import({ tables }) {
      const url = neededUrl(dbUrl);
      const models = await modelsNow();
      const options = { dbUrl: url, models, ...(tables === undefined ? {} : { tables }) };
      const imported = await asApiFailure(() => importTables(options), "tables");
      return { tables: imported.map(({ table, draft, notes }) => ({ table, draft, notes: [...notes] })) };
    },
    async drift(modelName) {
      const url = neededUrl(dbUrl);
      const model = await modelInForce(store, await store.getByName(modelName));
      const models = await modelsNow();
      const schema = (await schemaSides([], neededBy(model, models))).after.sql;
      const tables = [model.table_name];
      const lines = await asApiFailure(
        () => scratch.use((database) => driftOf({ scratch: database, dbUrl: url, schema, tables })),
        "model_name",
      );
      const { model_name, applied_version, schema_version } = model;
      return { model_name, schema_version: applied_version ?? schema_version, lines };
    },
  };
}

/** A model with all that relationships tie to it: who refers to it may ask for columns' keys in its table. */
function neededBy(model: DataModelOutput, models: readonly DataModelOutput[]): DataModelOutput[] {
  const found = new Map([[model.model_name, model]]);
  for (const [name] of found) {
    for (const other of models) {
      const ties = other.model_name === name ? modelsReferredTo(other) : [];
      const isTied = modelsReferredTo(other).includes(name);
      for (const tied of ties) {
        const target = models.find(({ model_name }) => model_name === tied);
        if (target !== undefined) found.set(tied, found.get(tied) ?? target);
      }
      if (isTied) found.set(other.model_name, found.get(other.model_name) ?? other);
    }
  }
  return [...found.values()];
}
