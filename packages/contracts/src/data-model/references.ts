import type { z } from "zod";
import { columnsOf, type DataModelFields } from "./fields.ts";
import { type ModelIndex, presetColumn, type Relationship, type RlsPolicies, type ValidationRule } from "./parts.ts";

interface Definition {
  readonly fields: DataModelFields;
  readonly relationships: readonly Relationship[] | null;
  readonly validation_rules: readonly ValidationRule[] | null;
  readonly indexes: readonly ModelIndex[] | null;
  readonly rls_policies: RlsPolicies | null;
}

/** Adds an issue for every column that a part of the model names and its fields do not have. */
export function checkReferences(model: Definition, context: z.RefinementCtx): void {
  const known = new Set(columnsOf(model.fields));
  const check = (columns: readonly string[], path: (string | number)[]): void => {
    for (const [index, column] of columns.entries()) {
      if (known.has(column)) continue;
      const message = `must be a column of this model: ${column} is none; add it to fields or correct the name`;
      context.addIssue({ code: "custom", path: [...path, index], message });
    }
  };
  for (const [index, relation] of (model.relationships ?? []).entries()) {
    // The other kinds name columns of the other model, which only the registry can look up.
    if (relation.kind === "many-to-one") check(relation.columns, ["relationships", index, "columns"]);
  }
  for (const [index, rule] of (model.validation_rules ?? []).entries()) {
    check(rule.fields ?? [], ["validation_rules", index, "fields"]);
  }
  for (const [index, entry] of (model.indexes ?? []).entries()) check(entry.columns, ["indexes", index, "columns"]);
  checkPreset(model.rls_policies, known, context);
}

function checkPreset(policies: RlsPolicies | null, known: ReadonlySet<string>, context: z.RefinementCtx): void {
  if (policies === null || !("preset" in policies)) return;
  const column = presetColumn[policies.preset];
  if (column === null || known.has(column)) return;
  const message = `must have a column ${column} for the preset ${policies.preset}; add it to fields or write the policies out`;
  context.addIssue({ code: "custom", path: ["rls_policies", "preset"], message });
}
