import type { DataModelFields } from "../data-model/columns.ts";
import type { ValidationRule } from "../data-model/parts.ts";
import type { ErrorIssue } from "../errors.ts";
import type { RowResult, RowValidator } from "../json-schema/row-shape.ts";
import { issueLimit } from "../json-schema/words.ts";
import { isJsonObject, type JsonObject } from "../primitives/json-object.ts";
import { type CompiledRule, compileRules, issuesOfRule } from "./compile-rules.ts";

/** Holds rows against a model: its schema first, then, where that holds, its rules. Each issue names its layer. */
export interface ModelValidator {
  /** A whole row, as it is created. */
  row(row: unknown): RowResult;
  /**
   * The changes of an update. With the row as it is `before`, the rules that look at a changed column are held against
   * both together; without it those rules alone whose columns are all given.
   */
  changes(changes: unknown, before?: JsonObject): RowResult;
  /** Whether a rule that looks at a changed column looks at others too, so that `changes` needs the row before. */
  needsBefore(columns: readonly string[]): boolean;
}

/** Puts the two layers together; server and browser differ in what runs the schema. */
export function modelValidator(
  fields: DataModelFields,
  rules: readonly ValidationRule[],
  schema: RowValidator,
): ModelValidator {
  const compiled = compileRules(fields, rules);
  return {
    row(row) {
      const result = inLayer(schema(row));
      return result.ok && isJsonObject(row) ? held(compiled, row) : result;
    },
    changes(changes, before) {
      const result = inLayer(schema(changes, { partial: true }));
      if (!result.ok || !isJsonObject(changes)) return result;
      const given = Object.keys(changes);
      const row = before === undefined ? changes : { ...before, ...changes };
      const known = before === undefined ? (rule: CompiledRule) => within(rule, given) : () => true;
      return held(
        compiled.filter((rule) => touches(rule, given) && known(rule)),
        row,
      );
    },
    needsBefore: (columns) => compiled.some((rule) => touches(rule, columns) && !within(rule, columns)),
  };
}

/** A rule that cannot be run looks at no column that is known of, and so at any. */
function touches({ columns }: CompiledRule, changed: readonly string[]): boolean {
  return columns.length === 0 || columns.some((column) => changed.includes(column));
}

function within({ columns }: CompiledRule, given: readonly string[]): boolean {
  return columns.every((column) => given.includes(column));
}

function held(rules: readonly CompiledRule[], row: JsonObject): RowResult {
  const issues: ErrorIssue[] = [];
  for (const rule of rules) issues.push(...issuesOfRule(rule, rule.hold(row)));
  return issues.length === 0 ? { ok: true } : { ok: false, issues: issues.slice(0, issueLimit) };
}

function inLayer(result: RowResult): RowResult {
  return result.ok ? result : { ok: false, issues: result.issues.map((issue) => ({ ...issue, layer: "schema" })) };
}
