import type { ErrorIssue, ModelIndex, PostgresType, TypeFamily } from "@waybill/contracts";
import { quoteIdentifier } from "@waybill/contracts";
import { readExpression } from "./expression.ts";
import type { ForeignKey } from "./foreign-keys.ts";
import { columnList, type ModelShape } from "./model-shape.ts";
import { distinctNameOf } from "./names.ts";

/** An index as the model's table gets it: declared, or for the columns of a foreign key. */
export interface PlannedIndex {
  readonly name: string;
  readonly index: ModelIndex;
  readonly field: string;
}

/** The model's own indexes, then one for each foreign key whose columns lead none. */
export function indexesOf(shape: ModelShape, keys: readonly ForeignKey[]): readonly PlannedIndex[] {
  const table = shape.model.table_name;
  const declared = shape.model.indexes ?? [];
  const taken = new Set([...declared.flatMap(({ name }) => (name === undefined ? [] : [name])), primaryKeyName(shape)]);
  const named = (index: ModelIndex, field: string): PlannedIndex => {
    const suffix = [index.unique ? "key" : "idx"];
    const name = index.name ?? distinctNameOf(taken, table, ...index.columns, ...suffix);
    taken.add(name);
    return { name, index, field };
  };
  const planned = declared.map((index, at) => named(index, `indexes.${at}`));
  for (const key of keys) {
    const leads = [shape.key, ...planned.filter(isPlainTree).map(({ index }) => index.columns)];
    if (leads.some((columns) => isLed(columns, key.columns))) continue;
    const field = key.declaredBy === shape.model ? key.field : "relationships";
    planned.push(named({ columns: [...key.columns], unique: false, method: "btree" }, field));
  }
  return planned;
}

export function primaryKeyName(shape: ModelShape): string {
  return distinctNameOf(new Set(), shape.model.table_name, "pkey");
}

function isPlainTree({ index }: PlannedIndex): boolean {
  return index.method === "btree" && index.where === undefined;
}

function isLed(columns: readonly string[], wanted: readonly string[]): boolean {
  const first = columns.slice(0, wanted.length);
  return first.length === wanted.length && wanted.every((column) => first.includes(column));
}

const scalars: readonly TypeFamily[] = ["date", "float", "integer", "numeric", "text", "timestamptz", "timetz", "uuid"];

/** The families that a method has an operator class for in plain Postgres. */
const families: Readonly<Record<ModelIndex["method"], readonly TypeFamily[]>> = {
  btree: [...scalars, "array", "boolean", "json", "opaque"],
  hash: [...scalars, "array", "boolean", "json", "opaque"],
  brin: [...scalars, "opaque"],
  gin: ["array", "json"],
  gist: [],
};

/** Whether plain Postgres, without extensions, indexes a type by a method. */
export function fits(method: ModelIndex["method"], type: PostgresType): boolean {
  return type.name !== "json" && families[method].includes(type.family);
}

/** Why Postgres would refuse an index for the types of its columns. */
export function indexFaults(shape: ModelShape, planned: PlannedIndex): ErrorIssue[] {
  const { index, field } = planned;
  return index.columns.flatMap((column) => {
    const type = shape.types.get(column);
    if (type === undefined || fits(index.method, type)) return [];
    const remedy = fits("btree", type) ? "use btree, or gin for jsonb and arrays" : "store it as jsonb";
    const message = `must be a method for ${type.name}: ${index.method} has none for ${column}; ${remedy}`;
    return [{ field: `${field}.method`, rule: "index", message }];
  });
}

/** Why a key of these types cannot be one. */
export function keyFaults(shape: ModelShape): ErrorIssue[] {
  return shape.key.flatMap((column) => {
    const type = shape.types.get(column);
    if (type === undefined || fits("btree", type)) return [];
    const message = `must be of columns that Postgres can order: ${column} is ${type.name}; store it as jsonb`;
    return [{ field: "fields.x-primary-key", rule: "x-primary-key", message }];
  });
}

/** The statement of an index, or why its condition cannot be one. */
export async function indexStatement(shape: ModelShape, planned: PlannedIndex): Promise<string | ErrorIssue> {
  const { name, index, field } = planned;
  const unique = index.unique ? "unique " : "";
  const columns = columnList(index.columns);
  const head = `create ${unique}index ${quoteIdentifier(name)} on ${shape.table} using ${index.method} ${columns}`;
  if (index.where === undefined) return head;
  const rules = { table: shape.model.table_name, columns: shape.columns, for: "index" } as const;
  const read = await readExpression(index.where, rules);
  if ("sql" in read) return `${head} where (${read.sql})`;
  return { field: `${field}.where`, ...read };
}
