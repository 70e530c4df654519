import type { DataModelFields } from "../data-model/columns.ts";
import type { ValidationRule } from "../data-model/parts.ts";
import { compileFields } from "../json-schema/compile-fields.ts";
import { createLruCache } from "../json-schema/lru.ts";
import { type ModelValidator, modelValidator } from "./model-validator.ts";

/** Models kept ready by default. */
const defaultCacheLimit = 256;

/** A `compileModel` with a cache of its own. */
export function createModelCompiler(options: { readonly limit?: number } = {}) {
  const cache = createLruCache<ModelValidator>(options.limit ?? defaultCacheLimit);
  return {
    /** Models in the cache now; never more than the limit. */
    get size() {
      return cache.size;
    },
    compile: (fields: DataModelFields, rules: readonly ValidationRule[] | null): ModelValidator =>
      cache.get(JSON.stringify([fields, rules]), () => modelValidator(fields, rules ?? [], compileFields(fields))),
  };
}

/**
 * What a model's rows are held against on a server, from a cache of 256: schema by ajv, then rules. Throws a RangeError
 * for fields that no model may have; a rule that cannot be run refuses every row instead.
 */
export const compileModel = createModelCompiler().compile;
