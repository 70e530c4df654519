import { EvaluationError } from "@marcbachmann/cel-js";
import type { DataModelFields } from "../data-model/columns.ts";
import type { ValidationRule } from "../data-model/parts.ts";
import type { ErrorIssue } from "../errors.ts";
import type { JsonObject, JsonValue } from "../primitives/json-object.ts";
import { followed } from "./cel-type.ts";
import { type CelValue, type Convert, converterOf, Unfit, weightOf } from "./cel-value.ts";
import { evaluation, nullable } from "./environment.ts";
import { type Expression, readExpression } from "./expression.ts";

/** Characters and items that one rule may have to look at in one row. */
export const weightLimit = 65_536;

/** The same inside of loops, times the steps that these take: a text of 32,000 in loops of 2,000 steps. */
export const loopWeightLimit = 64_000_000;

/** What came of holding a row against one rule: `unknown` where a null left it open, which holds as in SQL. */
export type Outcome = "held" | "unknown" | "broken" | { readonly failed: string };

/** A rule as it runs. */
export interface CompiledRule {
  readonly rule: ValidationRule;
  /** The columns that its expression looks at; empty when it cannot be run. */
  readonly columns: readonly string[];
  hold(row: JsonObject): Outcome;
}

/** One column of a rule, ready for a row's value. */
interface Variable {
  readonly column: string;
  readonly convert: Convert;
  readonly instead: JsonValue | undefined;
  readonly nullTested: boolean;
}

/** What the library throws where a name or a key has no value: a column that is null, a part of an object not given. */
const unknownCodes = new Set(["unknown_variable", "no_such_key"]);

/** @param expression of `readExpression`, or null for one that cannot be run: such a rule refuses every row */
export function compileRule(
  fields: DataModelFields,
  rule: ValidationRule,
  expression: Expression | null,
): CompiledRule {
  if (expression === null) return { rule, columns: [], hold: () => ({ failed: "unreadable" }) };
  const run = evaluation.parse(expression.text);
  const variables = expression.columns.map((column) => variableOf(fields, expression, column));
  return {
    rule,
    columns: expression.columns,
    hold(row) {
      const { looped, steps } = expression;
      try {
        if (weightIn(row, expression.columns) > weightLimit) return { failed: "too_large" };
        if (looped.length > 0 && weightIn(row, looped) * steps > loopWeightLimit) return { failed: "too_large" };
        const answer: unknown = run(contextOf(variables, row));
        return typeof answer === "boolean" ? (answer ? "held" : "broken") : { failed: "no_boolean" };
      } catch (error) {
        if (error instanceof Unfit) return { failed: "a_stored_value_that_its_schema_refuses" };
        // of a time that no calendar has, or a value deeper than a caller may send, which was stored past Waybill
        if (error instanceof RangeError) return { failed: "out_of_range" };
        if (!(error instanceof EvaluationError)) throw error;
        return unknownCodes.has(error.code) ? "unknown" : { failed: error.code };
      }
    },
  };
}

/** The rules of a model, those that cannot be run among them. */
export function compileRules(fields: DataModelFields, rules: readonly ValidationRule[]): readonly CompiledRule[] {
  return rules.map((rule) => {
    const expression = readExpression(fields, rule.expression);
    return compileRule(fields, rule, "text" in expression ? expression : null);
  });
}

function weightIn(row: JsonObject, columns: readonly string[]): number {
  let weight = 0;
  for (const column of columns) weight += weightOf(row[column]);
  return weight;
}

function variableOf(fields: DataModelFields, { nullTested }: Expression, column: string): Variable {
  const schema = fields.properties[column] ?? {};
  return {
    column,
    convert: converterOf(fields, schema),
    instead: followed(fields, schema)["default"],
    nullTested: nullTested.includes(column),
  };
}

/** A column that is null is left out, so that asking for it is an error that && and || can pass over. */
function contextOf(variables: readonly Variable[], row: JsonObject): Record<string, CelValue> {
  const context: Record<string, CelValue> = {};
  for (const { column, convert, instead, nullTested } of variables) {
    const value = convert(Object.hasOwn(row, column) ? row[column] : instead);
    if (value !== undefined) context[column] = value;
    if (nullTested) context[nullable(column)] = value ?? null;
  }
  return context;
}

/** What a row's caller is told of a rule that does not hold: one issue for each field that it is about. */
export function issuesOfRule({ rule, columns }: CompiledRule, outcome: Outcome): ErrorIssue[] {
  if (outcome === "held" || outcome === "unknown") return [];
  const message = outcome === "broken" ? rule.message : failureMessage(outcome.failed);
  const fields = rule.fields ?? columns;
  return (fields.length === 0 ? [""] : fields).map((field) => ({ field, rule: rule.name, message, layer: "rule" }));
}

function failureMessage(reason: string): string {
  if (reason === "too_large") {
    return `must be smaller for this rule: it looks at ${weightLimit} characters and items at most, in loops at fewer`;
  }
  if (reason === "unreadable")
    return "cannot be told: the rule cannot be run; an admin has to correct it by models.update";
  return `must be such that the rule can be told: it ends in ${reason.replaceAll("_", " ")}`;
}
