import type { DataModelCreate, DataModelOutput, ErrorIssue, ModelCheck } from "@waybill/contracts";
import { checkFields } from "@waybill/contracts/json-schema";
import { checkRules } from "@waybill/contracts/rules";
import { compileModel, type ModelTrial, tryModel, type Waybill, WaybillDbError } from "@waybill/db";
import type { Logger } from "pino";
import { ApiError } from "../../../trpc/api-error.ts";
import { activeModels } from "../active-models.ts";
import type { ScratchPool } from "../migrations/scratch-pool.ts";
import { modelsReadBy, modelsReferredTo, relationshipFaults } from "../relationships.ts";
import { isOfAuthorsSql, needsPostgres } from "./postgres-parts.ts";
import { hasTable } from "./has-table.ts";
import { withinTime } from "./within-time.ts";

/** What is wrong with a definition, found before it is stored. */
export interface DefinitionCheck {
  /** Throws VALIDATION_FAILED with all that is wrong. */
  refuseFaults(definition: DataModelCreate): Promise<void>;
  /** All of it, and what is allowed and most likely not meant; rows are tried as this author. */
  check(definition: DataModelCreate, author: string): Promise<ModelCheck>;
}

export interface DefinitionCheckOptions {
  readonly waybill: Pick<Waybill, "models" | "service">;
  readonly scratch: Pick<ScratchPool, "use">;
  readonly logger: Logger;
  /** How long a trial may take with all waiting for the scratch database. Default 10 s. */
  readonly trialMs?: number;
}

export function createDefinitionCheck(options: DefinitionCheckOptions): DefinitionCheck {
  const { waybill, scratch, logger, trialMs = 10_000 } = options;
  const { models: store } = waybill;

  /** On the scratch database; null where that is not to be had, which is no fault of the model. */
  const tried = async (model: DataModelCreate, others: readonly DataModelCreate[], author?: string) => {
    const sitting = { model, others, deadlineMs: trialMs, ...(author === undefined ? {} : { author }) };
    try {
      return await withinTime(trialMs, (isOver) =>
        scratch.use(async (database) => (isOver() ? null : tryModel({ scratch: database, ...sitting }))),
      );
    } catch (error) {
      logger.warn({ err: error, model_name: model.model_name }, "Postgres could not try a model");
      return null;
    }
  };

  const look = async (definition: DataModelCreate, trial: Trial): Promise<ModelCheck> => {
    const plain = await plainFaults(store, definition);
    if (plain.length > 0) return { issues: plain, warnings: [] };
    const current = await existing(store, definition.model_name);
    const isByHand = (current?.applied_version ?? null) === null && (await hasTable(waybill, definition.table_name));
    const others = await tiedTo(store, definition);
    const compiled = await compileModel(definition, others);
    if (!compiled.ok) return sorted({ issues: compiled.issues, warnings: [] }, isByHand);
    const isTried = trial.author !== undefined || (needsPostgres(definition) && !isByHand);
    if (!isTried) return { issues: [], warnings: [...compiled.compiled.warnings] };
    const said = await tried(definition, others, trial.author);
    return sorted(said ?? { issues: [], warnings: [...compiled.compiled.warnings, untried] }, isByHand);
  };

  return {
    async refuseFaults(definition) {
      const { issues } = await look(definition, {});
      const [first] = issues;
      if (first === undefined) return;
      throw new ApiError({ code: "VALIDATION_FAILED", message: `${first.field} ${first.message}`, issues });
    },
    check: (definition, author) => look(definition, { author }),
  };
}

interface Trial {
  readonly author?: string;
}

const untried: ErrorIssue = {
  field: "",
  rule: "untried",
  message: "could not be tried by Postgres, for no scratch database was to be had; models.plan tries it again",
};

/**
 * A table that is there and that no plan made may be as no model can say, and the model be of use all the same: of such a
 * one only the author's SQL is refused that cannot be right for any table.
 */
function sorted({ issues, warnings }: ModelTrial, isByHand: boolean): ModelCheck {
  const refused = isByHand ? issues.filter(isOfAuthorsSql) : issues;
  const told = issues.filter((issue) => !refused.includes(issue));
  return { issues: [...refused], warnings: [...told, ...warnings] };
}

/**
 * The models that the definition's table is tied to: by a relationship of either, or by a policy that reads the other's
 * table. Deprecated ones keep their tables.
 */
async function tiedTo(store: Store, definition: DataModelCreate): Promise<DataModelOutput[]> {
  const models = await activeModels(store, { withInactive: true });
  const named = [...modelsReferredTo(definition), ...modelsReadBy(definition, models)];
  return models.filter(
    (model) => named.includes(model.model_name) || modelsReferredTo(model).includes(definition.model_name),
  );
}

/** What needs no table to be told of. */
async function plainFaults(store: Store, definition: DataModelCreate): Promise<ErrorIssue[]> {
  const ofFields = checkFields(definition.fields);
  const others = await Promise.all(modelsReferredTo(definition).map((name) => existing(store, name)));
  const ofRelations = relationshipFaults(
    definition,
    others.filter((model) => model !== null),
  );
  // rules are about columns, which must be right before
  const ofRules = ofFields.length === 0 ? checkRules(definition) : [];
  return [...ofFields, ...ofRelations, ...ofRules];
}

type Store = Waybill["models"];

async function existing(store: Store, name: string): Promise<DataModelOutput | null> {
  try {
    return await store.get({ model_name: name });
  } catch (error) {
    if (error instanceof WaybillDbError && error.code === "UNKNOWN_MODEL") return null;
    throw error;
  }
}
