import type { ErrorIssue, PostgresType } from "@waybill/contracts";
import type { ForeignKey } from "./foreign-keys.ts";
import { areSameColumns, type ModelShape } from "./model-shape.ts";

/** Why Postgres, or the first row, would refuse a foreign key. */
export function foreignKeyFaults(key: ForeignKey): ErrorIssue[] {
  const { owner, target, columns, references } = key;
  const say = (part: string, message: string): ErrorIssue => ({
    field: `${key.field}.${part}`,
    rule: "relationship",
    message,
  });
  const missing = columns.filter((column) => !owner.columns.includes(column));
  const unknown = references.filter((column) => !target.columns.includes(column));
  const issues = [
    ...missing.map((column) => say("columns", `must be columns of ${owner.model.model_name}: ${column} is none`)),
    ...unknown.map((column) => say("references", `must be columns of ${target.model.model_name}: ${column} is none`)),
  ];
  if (issues.length > 0) return issues;
  if (columns.length !== references.length) {
    const count = `${references.length} (${references.join(", ")})`;
    return [say("columns", `must be as many as ${target.model.model_name} has in references: ${count}`)];
  }
  if (!isUnique(target, references)) {
    const message = `must be the key of ${target.model.model_name} or a unique index of it without where; add one`;
    return [say("references", message)];
  }
  return [...typeFaults(key, say), ...nullFaults(key, say)];
}

function isUnique(target: ModelShape, columns: readonly string[]): boolean {
  if (areSameColumns(target.key, columns)) return true;
  return (target.model.indexes ?? []).some(
    (index) => index.unique && index.where === undefined && areSameColumns(index.columns, columns),
  );
}

type Say = (part: string, message: string) => ErrorIssue;

function typeFaults({ owner, target, columns, references }: ForeignKey, say: Say): ErrorIssue[] {
  return columns.flatMap((column, index) => {
    const reference = references[index] ?? "";
    const [from, to] = [owner.types.get(column), target.types.get(reference)];
    if (from === undefined || to === undefined || isComparable(from, to)) return [];
    const there = `${target.model.model_name}.${reference}`;
    return [say("columns", `must be of the type of ${there}: ${column} is ${from.name}, ${reference} is ${to.name}`)];
  });
}

function isComparable(from: PostgresType, to: PostgresType): boolean {
  // These families hold types that have nothing in common but how JSON writes them.
  const isMixed = from.family === "opaque" || from.family === "array";
  return from.family === to.family && (!isMixed || from.name === to.name);
}

function nullFaults({ owner, columns, onDelete }: ForeignKey, say: Say): ErrorIssue[] {
  const fixed = columns.filter((column) => !owner.nullable.has(column));
  if (onDelete !== "set null" || fixed.length === 0) return [];
  const message = `must not be set null: ${fixed.join(", ")} may not be null, so no delete would succeed; make it optional`;
  return [say("on_delete", message)];
}

/** Foreign keys that lead from the model back to it, each of columns that may not be null: no first row can be there. */
export function requiredCycle(shape: ModelShape, keys: readonly ForeignKey[]): readonly ForeignKey[] | null {
  const binding = keys.filter(
    (key) => key.owner !== key.target && key.columns.every((column) => !key.owner.nullable.has(column)),
  );
  const seen = new Set<ModelShape>();
  const open: ForeignKey[][] = binding.filter(({ owner }) => owner === shape).map((key) => [key]);
  for (const path of open) {
    const end = path.at(-1)?.target;
    if (end === shape) return path;
    if (end === undefined || seen.has(end)) continue;
    seen.add(end);
    open.push(...binding.filter(({ owner }) => owner === end).map((key) => [...path, key]));
  }
  return null;
}
