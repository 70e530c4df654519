import type { DataModelCreate, DataModelOutput, ErrorIssue } from "@waybill/contracts";
import { compileModel, type CompiledModel, ddlOf } from "@waybill/db";
import { ApiError } from "../../../trpc/api-error.ts";
import { definitionOf } from "../definition-change.ts";
import { modelsReadBy, modelsReferredTo } from "../relationships.ts";

/** The tables of some models, as they are and as they shall be, with all tables that these belong together with. */
export interface SchemaSides {
  readonly before: Side;
  readonly after: Side;
}

export interface Side {
  readonly models: readonly DataModelCreate[];
  readonly sql: string;
}

/**
 * `inForce` are all models whose tables Waybill has made; `wanted` are those to change, as they are declared.
 * Throws VALIDATION_FAILED for what cannot be compiled, and for a relationship to a model without a table.
 */
export async function schemaSides(
  inForce: readonly DataModelOutput[],
  wanted: readonly DataModelOutput[],
): Promise<SchemaSides> {
  const now = new Map(inForce.map((model) => [model.model_name, definitionOf(model)]));
  const then = new Map([...now, ...wanted.map((model) => [model.model_name, definitionOf(model)] as const)]);
  refuseTableless(wanted, then);
  const names = connected(wanted, [...now.values(), ...then.values()]);
  const [before, after] = [sideOf(now, names), sideOf(then, names)];
  const [old, made] = [await compiled(before), await compiled(after)];
  return {
    before: { models: before, sql: ddlOf(old) },
    after: { models: after, sql: ddlOf(made) },
  };
}

function refuseTableless(wanted: readonly DataModelCreate[], then: ReadonlyMap<string, DataModelCreate>): void {
  const issues = wanted.flatMap((model) =>
    modelsReferredTo(model)
      .filter((name) => !then.has(name))
      .map((name): ErrorIssue => {
        const message = `must name ${name} too: ${model.model_name} refers to it, and it has no table yet`;
        return { field: "models", rule: "relationship", message };
      }),
  );
  const [first] = issues;
  if (first === undefined) return;
  throw new ApiError({ code: "VALIDATION_FAILED", message: `${first.field} ${first.message}`, issues });
}

/** Names of the models that relationships and policies tie to those, directly or by way of others. */
function connected(from: readonly DataModelCreate[], models: readonly DataModelCreate[]): ReadonlySet<string> {
  const ties = new Map<string, Set<string>>();
  const tie = (a: string, b: string): void => void ties.set(a, (ties.get(a) ?? new Set()).add(b));
  for (const model of models) {
    for (const name of [...modelsReferredTo(model), ...modelsReadBy(model, models)]) {
      tie(model.model_name, name);
      tie(name, model.model_name);
    }
  }
  const found = new Set<string>();
  const open = from.map(({ model_name }) => model_name);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    open.push(...(ties.get(name) ?? []));
  }
  return found;
}

function sideOf(models: ReadonlyMap<string, DataModelCreate>, names: ReadonlySet<string>): DataModelCreate[] {
  return [...models.values()].filter(({ model_name }) => names.has(model_name));
}

async function compiled(models: readonly DataModelCreate[]): Promise<CompiledModel[]> {
  const results = await Promise.all(
    models.map(async (model) => ({ model, result: await compileModel(model, models) })),
  );
  const issues = results.flatMap(({ model, result }) =>
    result.ok ? [] : result.issues.map((issue) => ofModel(model.model_name, issue)),
  );
  const [first] = issues;
  if (first !== undefined) {
    throw new ApiError({ code: "VALIDATION_FAILED", message: `${first.field} ${first.message}`, issues });
  }
  return results.flatMap(({ result }) => (result.ok ? [result.compiled] : []));
}

/** An issue of one model among those of a plan. */
export function ofModel(name: string, issue: ErrorIssue): ErrorIssue {
  return { ...issue, field: `${name}.${issue.field}` };
}
