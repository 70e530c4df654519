import { setTimeout as sleep } from "node:timers/promises";
import {
  compareVersions,
  type DataModelCreate,
  dataModelCreateSchema,
  type DataModelOutput,
  type DataModelUpdate,
  issuesOf,
  leastNextVersion,
} from "@waybill/contracts";
import type { ModelStore } from "@waybill/db";
import { ApiError } from "../../trpc/api-error.ts";
import { classifyDefinition, definitionOf } from "./definition-change.ts";
import type { DefinitionCheck } from "./definitions/definition-check.ts";
import type { ModelLookup } from "./model-lookup.ts";
import type { ModelChanges } from "./watching/model-changes.ts";
import { diffOfVersions, type ModelDiff } from "./versions.ts";

/** A timer may be a little early. */
const timerMs = 20;

export interface ModelUpdate {
  readonly model_name: string;
  readonly expected_version: string;
  readonly changes: DataModelUpdate;
}

/** The rules of a data model that need more than one schema can see (data-model.md §4). */
export interface ModelService {
  /** Throws MODEL_EXISTS, VALIDATION_FAILED. */
  create(definition: DataModelCreate, userId: string): Promise<DataModelOutput>;
  /** Throws UNKNOWN_MODEL, MODEL_INACTIVE, VERSION_CONFLICT, VERSION_TOO_LOW, VALIDATION_FAILED. */
  update(update: ModelUpdate, userId: string): Promise<DataModelOutput>;
  /**
   * Answers when no process takes an operation on it any more (docs/decisions/model-watch.md). Throws UNKNOWN_MODEL,
   * ILLEGAL_TRANSITION.
   */
  deprecate(modelName: string): Promise<DataModelOutput>;
  /** Throws UNKNOWN_MODEL, ILLEGAL_TRANSITION, MODEL_EXISTS. */
  reactivate(modelName: string): Promise<DataModelOutput>;
  /** Throws UNKNOWN_MODEL, NOT_FOUND. */
  diff(modelName: string, from: string, to: string | undefined): Promise<ModelDiff>;
}

export function createModelService(
  store: ModelStore,
  lookup: Pick<ModelLookup, "staleMs">,
  changes: Pick<ModelChanges, "changed">,
  faults: Pick<DefinitionCheck, "refuseFaults">,
): ModelService {
  const changing = async (modelName: string, write: () => Promise<DataModelOutput>): Promise<DataModelOutput> => {
    try {
      return await write();
    } finally {
      changes.changed(modelName);
    }
  };
  return {
    async create(definition, userId) {
      await faults.refuseFaults(definition);
      return changing(definition.model_name, () => store.create(definition, userId));
    },
    async update({ model_name, expected_version, changes }, userId) {
      const current = await store.get({ model_name });
      refuseStale(current, expected_version);
      const before = definitionOf(current);
      const after = dataModelCreateSchema.safeParse({ ...before, ...changes });
      if (!after.success) throw new ApiError({ code: "VALIDATION_FAILED", issues: issuesOf(after.error) });
      refuseLowVersion(before, after.data);
      await faults.refuseFaults(after.data);
      return changing(model_name, () => store.update({ model_name }, changes, userId, expected_version));
    },
    async deprecate(modelName) {
      const deprecated = await changing(modelName, () => store.deprecate({ model_name: modelName }));
      // what other processes have kept of it is too old from then on
      await sleep(lookup.staleMs + timerMs);
      return deprecated;
    },
    reactivate: (modelName) => changing(modelName, () => store.reactivate({ model_name: modelName })),
    diff: (modelName, from, to) => diffOfVersions(store, modelName, from, to),
  };
}

function refuseStale({ model_name, schema_version, is_active }: DataModelOutput, expected: string): void {
  if (!is_active) {
    const message = `The model ${model_name} is deprecated`;
    throw new ApiError({
      code: "MODEL_INACTIVE",
      message,
      hint: "Reactivate it by models.reactivate, then update it.",
    });
  }
  if (schema_version === expected) return;
  throw new ApiError({
    code: "VERSION_CONFLICT",
    message: `${model_name} is at version ${schema_version}, not ${expected}`,
    issues: [{ field: "expected_version", rule: "current", message: `must be ${schema_version}, the current version` }],
  });
}

function refuseLowVersion(before: DataModelCreate, after: DataModelCreate): void {
  const change = classifyDefinition(before, after);
  const least = leastNextVersion(before.schema_version, change);
  if ((compareVersions(after.schema_version, least) ?? -1) >= 0) return;
  throw new ApiError({
    code: "VERSION_TOO_LOW",
    message: `This is a ${change} change of ${before.model_name} ${before.schema_version}: schema_version must be at least ${least}`,
    hint: `Send schema_version ${least}.`,
    issues: [{ field: "changes.schema_version", rule: "raised", message: `must be at least ${least}` }],
  });
}
