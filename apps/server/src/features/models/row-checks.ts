import type { DataRow, JsonObject, JsonValue } from "@waybill/contracts";
import { ApiError } from "../../trpc/api-error.ts";
import type { ModelLookup, ReadyModel } from "./model-lookup.ts";

/** A question about a row that one look into a table answers. */
export interface Check {
  readonly target: ReadyModel;
  /** What is looked for, by columns of the target. */
  readonly values: Readonly<Record<string, JsonValue>>;
  /** The row's own columns that it is about. */
  readonly columns: readonly string[];
  /** What Postgres would refuse the row by. */
  readonly rule: string;
  readonly message: string;
  readonly isFine: (found: readonly DataRow[]) => boolean;
}

interface Asked {
  readonly ready: ReadyModel;
  readonly lookup: ModelLookup;
  readonly row: JsonObject;
  readonly before: DataRow | undefined;
}

/** What is to be asked of the database about a row: what must be unique, and what it refers to. */
export async function checksOf(asked: Asked): Promise<readonly Check[]> {
  return [...uniqueChecks(asked), ...(await referenceChecks(asked))];
}

function uniqueChecks({ ready, row, before }: Asked): Check[] {
  const { primaryKey, model } = ready;
  // which rows a partial index is about, Postgres alone can tell
  const unique = (model.indexes ?? []).filter((index) => index.unique && index.where === undefined);
  return [primaryKey, ...unique.map(({ columns }) => columns)].flatMap((columns) => {
    const values = valuesOf(columns, columns, row, before);
    if (values === null) return [];
    const isFine = (found: readonly DataRow[]): boolean =>
      found.every((other) => before !== undefined && primaryKey.every((column) => other[column] === before[column]));
    const message = "must be another value: a row with this one exists already";
    return [{ target: ready, values, columns, rule: "23505", message, isFine }];
  });
}

async function referenceChecks({ ready, lookup, row, before }: Asked): Promise<Check[]> {
  const checks: Check[] = [];
  for (const relation of ready.model.relationships ?? []) {
    if (relation.kind !== "many-to-one") continue;
    const target = await targetOf(lookup, relation.model);
    if (target === null) continue;
    const { columns, references = target.primaryKey } = relation;
    const values = valuesOf(columns, references, row, before);
    if (values === null || pointsAtItself(ready, target, values, { ...before, ...row })) continue;
    const message = `must refer to a row of ${relation.model} that is there and that you may see`;
    checks.push({ target, values, columns, rule: "23503", message, isFine: (found) => found.length > 0 });
  }
  return checks;
}

/** A model that is gone or deprecated keeps its table, but nothing can be asked by its name. */
async function targetOf(lookup: ModelLookup, name: string): Promise<ReadyModel | null> {
  try {
    return await lookup.active(name);
  } catch (error) {
    if (error instanceof ApiError && ["UNKNOWN_MODEL", "MODEL_INACTIVE"].includes(error.waybillCode)) return null;
    throw error;
  }
}

/** The values of columns by the names of others; null when none was given, or one is null or not plain. */
function valuesOf(
  columns: readonly string[],
  names: readonly string[],
  row: JsonObject,
  before: DataRow | undefined,
): Readonly<Record<string, JsonValue>> | null {
  if (!columns.some((column) => Object.hasOwn(row, column))) return null;
  const values: Record<string, JsonValue> = {};
  for (const [index, column] of columns.entries()) {
    const value = Object.hasOwn(row, column) ? row[column] : before?.[column];
    const name = names[index];
    if (value === undefined || typeof value === "object" || name === undefined) return null;
    values[name] = value;
  }
  return values;
}

function pointsAtItself(
  ready: ReadyModel,
  target: ReadyModel,
  values: Readonly<Record<string, JsonValue>>,
  whole: JsonObject,
): boolean {
  if (ready.model.model_id !== target.model.model_id) return false;
  return Object.entries(values).every(([column, value]) => whole[column] === value);
}
