import type { ValidateFunction } from "ajv/dist/2020.js";
import { columnsOf, type DataModelFields } from "../data-model/fields.ts";
import { heldFields, nullableColumns, withoutNulls } from "../data-model/held-fields.ts";
import type { ErrorIssue } from "../errors.ts";
import type { JsonObject } from "../primitives.ts";
import { checkFields, sharedEngine } from "./check-fields.ts";
import { issuesOfErrors } from "./engine.ts";
import { createLruCache } from "./lru.ts";
import { partialSchema, rowResult, type RowValidator } from "./row-shape.ts";

/** Validators kept ready by default. */
const defaultCacheLimit = 256;

/** A `compileFields` with a cache of its own. */
export function createFieldsCompiler(options: { readonly limit?: number } = {}) {
  const cache = createLruCache<RowValidator>(options.limit ?? defaultCacheLimit);
  return {
    /** Validators in the cache now; never more than the limit. */
    get size() {
      return cache.size;
    },
    compile: (fields: DataModelFields): RowValidator =>
      cache.get(JSON.stringify(fields), () => createValidator(fields)),
  };
}

const shared = createFieldsCompiler();

/**
 * The validator of a model's rows, from a cache of 256. Throws a RangeError that names the faults when `fields` is no
 * schema that a model may have; `checkFields` tells beforehand.
 */
export const compileFields: (fields: DataModelFields) => RowValidator = shared.compile;

function createValidator(fields: DataModelFields): RowValidator {
  const faults = checkFields(fields);
  if (faults.length > 0) {
    const words = faults.map(({ field, message }) => `${field} ${message}`).join("; ");
    throw new RangeError(`These fields are no schema that a model may have: ${words}`);
  }
  const columns = new Set(columnsOf(fields));
  const held = heldFields(fields);
  const nullable = nullableColumns(fields);
  const whole = compiled(held);
  let partial: ValidateFunction | null = null;
  return (row, mode) => {
    if (mode?.partial === true) partial ??= compiled(partialSchema(held));
    const issues = run(mode?.partial === true && partial !== null ? partial : whole, withoutNulls(row, nullable));
    return rowResult(row, columns, issues);
  };
}

function compiled(schema: JsonObject): ValidateFunction {
  const engine = sharedEngine();
  try {
    return engine.compile(schema);
  } finally {
    engine.removeSchema(schema);
  }
}

function run(validate: ValidateFunction, row: unknown): ErrorIssue[] {
  if (validate(row)) return [];
  const issues = issuesOfErrors(validate.errors ?? [], []);
  // The function would keep the errors, and with them parts of the schema, until its next call.
  validate.errors = null;
  return issues;
}
