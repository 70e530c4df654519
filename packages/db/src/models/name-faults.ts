import type { ErrorIssue } from "@waybill/contracts";
import type { ForeignKey } from "./foreign-keys.ts";
import { indexesOf, type PlannedIndex, primaryKeyName } from "./indexes.ts";
import type { ModelShape } from "./model-shape.ts";

/** Tables and indexes of one schema share their names: which of the model's are another's already, or Postgres' own. */
export function nameFaults(
  shape: ModelShape,
  indexes: readonly PlannedIndex[],
  shapes: readonly ModelShape[],
  keys: readonly ForeignKey[],
): ErrorIssue[] {
  const taken = new Map<string, string>();
  for (const other of shapes) {
    if (other === shape) continue;
    const theirs = indexesOf(
      other,
      keys.filter(({ owner }) => owner === other),
    );
    for (const name of [other.model.table_name, primaryKeyName(other), ...theirs.map(({ name }) => name)]) {
      taken.set(name, other.model.model_name);
    }
  }
  const own: [string, string][] = [
    [shape.model.table_name, "table_name"],
    [primaryKeyName(shape), "table_name"],
    ...indexes.map(({ name, field }): [string, string] => [name, `${field}.name`]),
  ];
  return own.flatMap(([name, field], at) => {
    const owner = own.slice(0, at).some(([before]) => before === name) ? shape.model.model_name : taken.get(name);
    if (owner !== undefined) {
      const message = `must be unlike ${name}, a table or index of ${owner}; rename one, or name the index yourself`;
      return [{ field, rule: "name", message }];
    }
    if (!name.startsWith("pg_")) return [];
    return [
      { field, rule: "name", message: "must not begin with pg_: Postgres keeps such names for itself; rename it" },
    ];
  });
}
