import type { JsonObject, JsonValue } from "../../primitives.ts";

/**
 * One value for one column, and whether it is right: browser, server and database must all say the same
 * (docs/models.md). A case without a value is a row that does not give the column.
 */
export interface KeywordCase {
  readonly keyword: string;
  /** The column's schema. */
  readonly schema: JsonObject;
  /** Whether the column stands in `required`. */
  readonly required?: true;
  readonly value?: JsonValue;
  readonly valid: boolean;
}

export const cases = (
  keyword: string,
  schema: JsonObject,
  values: { readonly valid: readonly JsonValue[]; readonly invalid: readonly JsonValue[] },
): KeywordCase[] => [
  ...values.valid.map((value) => ({ keyword, schema, value, valid: true })),
  ...values.invalid.map((value) => ({ keyword, schema, value, valid: false })),
];

/** Beyond this a double no longer tells an integer from its neighbour. */
export const largest = Number.MAX_SAFE_INTEGER;
