import {
  classifyChange,
  compareVersions,
  dataModelCreateSchema,
  dataModelFilterSchema,
  dataModelHistorySchema,
  dataModelKeySchema,
  dataModelOutputSchema,
  dataModelUpdateSchema,
  type DataModelVersionOutput,
  dataModelVersionOutputSchema,
  leastNextVersion,
  type ModelUsage,
  type modelUsageInputSchema,
  transitionDataModel,
  type DataModelEvent,
  type DataModelKey,
  type DataModelOutput,
  type DataModelUpdate,
} from "@waybill/contracts";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { z } from "zod";
import type { Database } from "../database.types.ts";
import { WaybillDbError } from "../errors.ts";
import { rowsOf, type Answer } from "./answer.ts";
import { nextState, parseInput } from "./input.ts";
import { modelUsage } from "./model-usage.ts";
import { type Page, readPage, rowReader } from "./page.ts";

export type ModelPage = Page<DataModelOutput>;

/** The data models (data-model.md §4). Who may write them is the caller's to decide: all writes use the service key. */
export interface ModelStore {
  /** Throws `MODEL_EXISTS` when the name is taken, or the table by another active model. */
  create(model: z.input<typeof dataModelCreateSchema>, createdBy: string): Promise<DataModelOutput>;
  /**
   * Replaces the parts that are given and keeps the version before. Throws `VERSION_TOO_LOW` when the version does not
   * rise, `MODEL_INACTIVE` for a deprecated model, `VERSION_CONFLICT` when somebody else updated it meanwhile.
   */
  update(
    key: DataModelKey,
    changes: z.input<typeof dataModelUpdateSchema>,
    changedBy: string,
    /** The version that the caller has seen; without it, the one that stands when the update begins. */
    expectedVersion?: string,
  ): Promise<DataModelOutput>;
  /** Throws `ILLEGAL_TRANSITION` when it is deprecated already. */
  deprecate(key: DataModelKey): Promise<DataModelOutput>;
  /** Throws `ILLEGAL_TRANSITION` when it is active, `MODEL_EXISTS` when another model took its table meanwhile. */
  reactivate(key: DataModelKey): Promise<DataModelOutput>;
  /** Throws `UNKNOWN_MODEL`. With a caller's client only an active model is there. */
  get(key: DataModelKey, caller?: SupabaseClient<Database>): Promise<DataModelOutput>;
  getByName(modelName: string, caller?: SupabaseClient<Database>): Promise<DataModelOutput>;
  /** Those of these that are there, 50 names at the most; with a caller's client the active ones. In no order. */
  ofNames(modelNames: readonly string[], caller?: SupabaseClient<Database>): Promise<DataModelOutput[]>;
  /** Every version that the model ever had, the newest first. Throws `UNKNOWN_MODEL`. */
  history(filter: z.input<typeof dataModelHistorySchema>): Promise<Page<DataModelVersionOutput>>;
  /** One of them. Throws `UNKNOWN_MODEL`, `NOT_FOUND`. */
  version(modelName: string, schemaVersion: string): Promise<DataModelVersionOutput>;
  /** From the records of its operations. Throws `UNKNOWN_MODEL`. */
  usage(input: z.input<typeof modelUsageInputSchema>): Promise<ModelUsage>;
  /** In the order of model_name. */
  list(filter?: z.input<typeof dataModelFilterSchema>, caller?: SupabaseClient<Database>): Promise<ModelPage>;
}

const columns = Object.keys(dataModelOutputSchema.shape).join(",");
const versionColumns = Object.keys(dataModelVersionOutputSchema.shape).join(",");

export function createModelStore(service: SupabaseClient<Database>, readRows = rowReader()): ModelStore {
  // Parts of a model are readonly JSON, which the generated types do not know; rows are typed by their contract.
  const database: SupabaseClient = service;
  const store: ModelStore = {
    async create(input, createdBy) {
      const model = parseInput("The model", dataModelCreateSchema, input);
      nextState(transitionDataModel(null, { type: "created", at: now(), schema_version: model.schema_version }));
      const answer = await database.rpc("create_data_model", { model: { ...model, created_by: createdBy } });
      return only(modelRows("Creating the model", answer), changedMeanwhile);
    },

    async update(key, input, changedBy, expectedVersion) {
      const changes = parseInput("The change of the model", dataModelUpdateSchema, input);
      const current = await store.get(key);
      if (expectedVersion !== undefined && current.schema_version !== expectedVersion) throw changedMeanwhile();
      refuseUnfit(current, changes);
      nextState(transitionDataModel(current, { type: "updated", at: now(), schema_version: changes.schema_version }));
      const { table_name, fields, relationships, validation_rules, indexes, rls_policies, model_name } = current;
      const definition = { model_name, table_name, fields, relationships, validation_rules, indexes, rls_policies };
      parseInput("The changed model", dataModelCreateSchema, { ...definition, ...changes });
      const answer = await database.rpc("update_data_model", {
        id: current.model_id,
        expected_version: current.schema_version,
        changes: { ...changes, changed_by: changedBy },
      });
      return only(modelRows("Updating the model", answer), changedMeanwhile);
    },

    deprecate: (key) => setActive(key, false, { type: "deprecated", at: now() }),
    reactivate: (key) => setActive(key, true, { type: "reactivated", at: now() }),

    async get(input, caller) {
      const key = parseInput("The key of the model", dataModelKeySchema, input);
      const query = (caller ?? database).from("data_models").select(columns).limit(1);
      const answer = await ("model_id" in key
        ? query.eq("model_id", key.model_id)
        : query.eq("model_name", key.model_name));
      return only(modelRows("Reading the model", answer), () => unknownModel(key));
    },

    getByName: (modelName, caller) => store.get({ model_name: modelName }, caller),

    async ofNames(modelNames, caller) {
      const query = (caller ?? database).from("data_models").select(columns);
      return modelRows("Reading the models", await query.in("model_name", [...modelNames]).limit(50));
    },

    async history(input) {
      const filter = parseInput("The model's history", dataModelHistorySchema, input);
      const { model_id } = await store.getByName(filter.model_name);
      const read = async (cursor: string | undefined, count: number) => {
        let query = database.from("data_model_versions").select(versionColumns).eq("model_id", model_id);
        if (cursor !== undefined) query = query.lt("created_at", cursor);
        const answer = await query.order("created_at", { ascending: false }).limit(count);
        return rowsOf("Reading the model's history", dataModelVersionOutputSchema, answer);
      };
      return readPage(readRows, { ...filter, cursor: filter.cursor, cursorOf: (row) => row.created_at, read });
    },

    async version(modelName, schemaVersion) {
      const { model_id } = await store.getByName(modelName);
      const answer = await database
        .from("data_model_versions")
        .select(versionColumns)
        .eq("model_id", model_id)
        .eq("schema_version", schemaVersion);
      const rows = rowsOf("Reading a version of the model", dataModelVersionOutputSchema, answer);
      return only(rows, () => unknownVersion(modelName, schemaVersion));
    },

    async usage(input) {
      const { model_id } = await store.getByName(input.model_name);
      return modelUsage(database, model_id, input);
    },

    async list(input, caller) {
      const filter = parseInput("The filter of models", dataModelFilterSchema, input ?? {});
      const read = async (cursor: string | undefined, count: number) => {
        let query = (caller ?? database).from("data_models").select(columns);
        if (filter.model_name !== undefined) query = query.eq("model_name", filter.model_name);
        if (filter.is_active !== undefined) query = query.eq("is_active", filter.is_active);
        if (cursor !== undefined) query = query.gt("model_name", cursor);
        return modelRows("Listing models", await query.order("model_name").limit(count));
      };
      return readPage(readRows, { ...filter, cursor: filter.cursor, cursorOf: (row) => row.model_name, read });
    },
  };
  return store;

  async function setActive(key: DataModelKey, active: boolean, event: DataModelEvent): Promise<DataModelOutput> {
    const current = await store.get(key);
    const { is_active } = nextState(transitionDataModel(current, event));
    const answer = await database
      .from("data_models")
      .update({ is_active })
      .eq("model_id", current.model_id)
      .eq("is_active", !active)
      .select(columns);
    return only(modelRows(active ? "Reactivating the model" : "Deprecating the model", answer), changedMeanwhile);
  }
}

function modelRows(what: string, answer: Answer): DataModelOutput[] {
  if (answer.error?.code === "23505") {
    throw new WaybillDbError({ code: "MODEL_EXISTS", sqlstate: "23505", cause: answer.error });
  }
  return rowsOf(what, dataModelOutputSchema, answer);
}

/** Refusals with a code of their own, before the state table says no to both in one word. */
function refuseUnfit(current: DataModelOutput, changes: DataModelUpdate): void {
  if (!current.is_active) {
    throw new WaybillDbError({ code: "MODEL_INACTIVE", message: `The model ${current.model_name} is deprecated.` });
  }
  const moved = changes.table_name !== undefined && changes.table_name !== current.table_name;
  const change = moved ? "major" : classifyChange(current.fields, changes.fields ?? current.fields);
  const least = leastNextVersion(current.schema_version, change);
  if ((compareVersions(changes.schema_version, least) ?? -1) >= 0) return;
  throw new WaybillDbError({
    code: "VERSION_TOO_LOW",
    message: `schema_version must be ${least} or above: ${current.model_name} is at ${current.schema_version}, and this is a ${change} change.`,
    hint: `Use ${least}. A breaking change asks for the next major, an addition for the next minor, else the next patch.`,
    issues: [{ field: "schema_version", rule: "raised", message: `must be ${least} or above` }],
  });
}

function unknownModel(key: DataModelKey): WaybillDbError {
  const field = "model_id" in key ? "model_id" : "model_name";
  return new WaybillDbError({
    code: "UNKNOWN_MODEL",
    issues: [{ field, rule: "known", message: "must be that of a model" }],
  });
}

function unknownVersion(modelName: string, schemaVersion: string): WaybillDbError {
  return new WaybillDbError({
    code: "NOT_FOUND",
    message: `${modelName} never had a version ${schemaVersion}.`,
    hint: "models.history lists its versions.",
  });
}

const changedMeanwhile = () => new WaybillDbError({ code: "VERSION_CONFLICT" });

function only<Row>(rows: readonly Row[], otherwise: () => Error): Row {
  const [row] = rows;
  if (row === undefined) throw otherwise();
  return row;
}

function now(): string {
  return new Date().toISOString();
}
