import { columnsOf, type DataModelFields } from "../data-model/columns.ts";
import { heldFields, nullableColumns, withoutNulls } from "../data-model/held-fields.ts";
import type { ValidationRule } from "../data-model/parts.ts";
import { formatChecks } from "../json-schema/formats.ts";
import { createLruCache } from "../json-schema/lru.ts";
import { type LinearPattern, linearPattern } from "../json-schema/pattern.ts";
import { partialSchema, rowResult, type RowValidator } from "../json-schema/row-shape.ts";
import { distinctIssues } from "../json-schema/words.ts";
import type { JsonObject, JsonValue } from "../primitives/json-object.ts";
import { type ModelValidator, modelValidator } from "../rules/model-validator.ts";
import { hold } from "./evaluate.ts";
import { Evaluated, type Fault, type Walk } from "./walk.ts";

/** Patterns kept ready, of all validators together. */
const patterns = createLruCache<LinearPattern>(256);
const formats = new Map(Object.entries(formatChecks()));

/**
 * What a browser holds a model's rows against, with the server's own issues: no `eval`, no `new Function`, so that a
 * strict Content Security Policy allows it. `fields` and `rules` are a model's, as `models.get` gives them.
 */
export function createRowValidator(
  fields: DataModelFields,
  rules: readonly ValidationRule[] | null = null,
): ModelValidator {
  return modelValidator(fields, rules ?? [], schemaValidator(fields));
}

/** `compileFields` without code made from text. */
export function schemaValidator(fields: DataModelFields): RowValidator {
  const columns = new Set(columnsOf(fields));
  const held = heldFields(fields);
  const nullable = nullableColumns(fields);
  const walk: Walk = {
    root: held,
    pattern: (text) => patterns.get(text, () => linearPattern(text)),
    format: (name, text) => formats.get(name)?.(text) ?? true,
  };
  const partial = partialSchema(held);
  return (row, mode) => {
    const schema: JsonObject = mode?.partial === true ? partial : held;
    const faults: Fault[] = [];
    hold({ walk, schema, value: valueOf(withoutNulls(row, nullable)), path: [], faults, evaluated: new Evaluated() });
    const issues = faults.values().map(({ path, rule, message }) => ({ field: path.join("."), rule, message }));
    return rowResult(row, columns, distinctIssues(issues));
  };
}

/** What JSON has no word for is no value that a row may have. */
function valueOf(row: unknown): JsonValue {
  return isJson(row) ? row : null;
}

function isJson(value: unknown): value is JsonValue {
  return ["string", "number", "boolean", "object"].includes(typeof value);
}
