import type { DataModelCreate, ErrorIssue, Relationship } from "@waybill/contracts";
import { areSameColumns, type ModelShape } from "./model-shape.ts";
import { distinctNameOf } from "./names.ts";

/** A foreign key of one model's table, and the relationship that asks for it. */
export interface ForeignKey {
  readonly owner: ModelShape;
  readonly columns: readonly string[];
  readonly target: ModelShape;
  readonly references: readonly string[];
  readonly onDelete: Relationship["on_delete"];
  readonly declaredBy: DataModelCreate;
  readonly relation: string;
  /** Where it stands in the model that declares it. */
  readonly field: string;
}

export interface ForeignKeys {
  readonly keys: readonly ForeignKey[];
  readonly issues: readonly (ErrorIssue & { readonly model: string })[];
}

/**
 * Every foreign key that the models' relationships ask for: one of the own table for a many-to-one, one of the other's
 * for a one-to-many, two of the table between for a many-to-many. Two that are the same are one.
 */
export function foreignKeysOf(shapes: readonly ModelShape[]): ForeignKeys {
  const found: ForeignKey[] = [];
  const issues: (ErrorIssue & { model: string })[] = [];
  const byName = new Map(shapes.map((shape) => [shape.model.model_name, shape]));
  for (const shape of shapes) {
    for (const [index, relation] of (shape.model.relationships ?? []).entries()) {
      const field = `relationships.${index}`;
      const report = (part: string, message: string) =>
        issues.push({ model: shape.model.model_name, field: `${field}.${part}`, rule: "relationship", message });
      found.push(...asked(shape, relation, field, byName, report));
    }
  }
  const keys: ForeignKey[] = [];
  for (const key of found.sort(byOrder)) {
    const same = keys.find((other) => isSame(other, key));
    if (same === undefined) keys.push(key);
    else if (same.onDelete !== key.onDelete) {
      const message = `must be ${same.onDelete}, as ${same.declaredBy.model_name}.${same.relation} says of the same columns; make them agree`;
      issues.push({
        model: key.declaredBy.model_name,
        field: `${key.field}.on_delete`,
        rule: "relationship",
        message,
      });
    }
  }
  return { keys, issues };
}

function asked(
  shape: ModelShape,
  relation: Relationship,
  field: string,
  byName: ReadonlyMap<string, ModelShape>,
  report: (part: string, message: string) => void,
): ForeignKey[] {
  const other = byName.get(relation.model);
  if (other === undefined) {
    report("model", `must be a model: ${relation.model} is none; declare it first or correct the name`);
    return [];
  }
  const common = { onDelete: relation.on_delete, declaredBy: shape.model, relation: relation.name, field };
  if (relation.kind === "many-to-one") {
    return [
      {
        ...common,
        owner: shape,
        columns: relation.columns,
        target: other,
        references: relation.references ?? other.key,
      },
    ];
  }
  if (relation.kind === "one-to-many") {
    return [{ ...common, owner: other, columns: relation.columns, target: shape, references: shape.key }];
  }
  const between = byName.get(relation.through);
  if (between === undefined) {
    report("through", `must be a model: ${relation.through} is none; declare it first or correct the name`);
    return [];
  }
  return [
    { ...common, owner: between, columns: relation.columns, target: shape, references: shape.key },
    { ...common, owner: between, columns: relation.target_columns, target: other, references: other.key },
  ];
}

/** What a model says of its own columns comes before what others say of them. */
function byOrder(a: ForeignKey, b: ForeignKey): number {
  return compare(rank(a), rank(b));
}

function rank(key: ForeignKey): string {
  const own = key.declaredBy === key.owner.model ? "0" : "1";
  return JSON.stringify([own, key.declaredBy.model_name, key.relation, key.columns]);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function isSame(a: ForeignKey, b: ForeignKey): boolean {
  if (a.owner !== b.owner || a.target !== b.target) return false;
  const pairs = (key: ForeignKey) => key.columns.map((column, at) => `${column}:${key.references[at]}`);
  return areSameColumns(pairs(a), pairs(b));
}

/** The names of a table's foreign keys, in the order of `keys`. */
export function foreignKeyNames(keys: readonly ForeignKey[]): readonly string[] {
  const taken = new Set<string>();
  return keys.map((key) => {
    const own = key.declaredBy === key.owner.model;
    const middle = own ? [key.relation] : key.columns;
    const name = distinctNameOf(taken, key.owner.model.table_name, ...middle, "fkey");
    taken.add(name);
    return name;
  });
}
