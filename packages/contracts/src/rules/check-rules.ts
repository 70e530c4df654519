import type { DataModelFields } from "../data-model/columns.ts";
import type { ValidationRule } from "../data-model/parts.ts";
import type { ErrorIssue } from "../errors.ts";
import { compileFields } from "../json-schema/compile-fields.ts";
import { celTypeOf } from "./cel-type.ts";
import { compileRule } from "./compile-rules.ts";
import { linearMatches, nullable, shortDuration, typedEnvironment, zonedTimestamp } from "./environment.ts";
import { type Expression, type ExpressionFault, readExpression } from "./expression.ts";
import { sampleRows } from "./sample-rows.ts";

/** The parts of a model that its rules are about. */
export interface RuledDefinition {
  readonly fields: DataModelFields;
  readonly validation_rules: readonly ValidationRule[] | null;
}

/**
 * Every reason why a model cannot have its rules; an empty list when it can: each is an expression of CEL that names
 * the model's columns only, is true or false by its types, takes no long time, and comes to an answer for rows made of
 * the schema's edges. The fields are ones that `checkFields` has nothing against.
 */
export function checkRules({ fields, validation_rules }: RuledDefinition): ErrorIssue[] {
  return (validation_rules ?? []).flatMap((rule, index) =>
    faultsOf(fields, rule).map((fault) => ({ ...fault, field: `validation_rules.${index}.expression` })),
  );
}

function faultsOf(fields: DataModelFields, rule: ValidationRule): readonly ExpressionFault[] {
  const expression = readExpression(fields, rule.expression);
  if (!("text" in expression)) return expression;
  const typed = typeFaults(fields, expression);
  return typed.length > 0 ? typed : sampleFaults(fields, rule, expression);
}

function typeFaults(fields: DataModelFields, { text, columns, nullTested }: Expression): ExpressionFault[] {
  const types = new Map(columns.map((column) => [column, celTypeOf(fields, fields.properties[column] ?? {})]));
  for (const column of nullTested) types.set(nullable(column), "dyn");
  const { typed, taken } = typedEnvironment(types);
  if (taken.size > 0) {
    const message = `must not look at ${[...taken].join(", ")}: CEL has another meaning for that name`;
    return [{ rule: "name", message }];
  }
  const { valid, type, error } = typed.check(text);
  if (!valid)
    return [{ rule: "type", message: `must fit the columns' types: ${plainly(error?.summary)}${remedy(error?.code)}` }];
  if (type === "bool" || type === "dyn") return [];
  return [{ rule: "boolean", message: `must be true or false: it is of type ${type}; compare it with something` }];
}

/** The library's words, with the author's names for things. */
function plainly(summary = "they do not"): string {
  return summary
    .replaceAll("google.protobuf.", "")
    .replaceAll(/_or_null_+/g, "")
    .replaceAll(linearMatches, "matches")
    .replaceAll(shortDuration, "duration")
    .replaceAll(zonedTimestamp, "timestamp");
}

function remedy(code = ""): string {
  if (code !== "no_such_overload") return "";
  return "; numbers are double and integers int: write 2.0, double(count) or int(price) to bring both to one type";
}

function sampleFaults(fields: DataModelFields, rule: ValidationRule, expression: Expression): ExpressionFault[] {
  const compiled = compileRule(fields, rule, expression);
  for (const row of sampleRows(fields, expression.columns, compileFields(fields))) {
    const outcome = compiled.hold(row);
    if (typeof outcome === "string") continue;
    const shown = JSON.stringify(row);
    const example = shown.length <= 200 ? shown : `${shown.slice(0, 200)}…`;
    const reason = outcome.failed.replaceAll("_", " ");
    return [
      {
        rule: "sample",
        message: `must come to true or false for every row: for ${example} it ends in ${reason}; guard it, such as by x != 0 && …`,
      },
    ];
  }
  return [];
}
