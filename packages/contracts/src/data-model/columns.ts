import type { JsonObject } from "../primitives/json-object.ts";

/**
 * A model's field definitions: a JSON Schema 2020-12 of `type: object`, one property a column, with three keywords of
 * Waybill's own: `x-primary-key` at the root (default `["id"]`); on a property `x-pg`, a column's type where the mapping
 * is not enough, and `x-default`, what the database fills in for a value that was not given.
 */
export interface DataModelFields extends JsonObject {
  readonly type: "object";
  readonly properties: { readonly [column: string]: JsonObject };
}

/** The columns of a model's key: `x-primary-key`, else `["id"]`. */
export function primaryKeyOf(fields: DataModelFields): readonly string[] {
  const key = fields["x-primary-key"];
  return isNames(key) && key.length > 0 ? key : ["id"];
}

/** The columns of a model, in the order of its schema. */
export function columnsOf(fields: DataModelFields): readonly string[] {
  return Object.keys(fields.properties);
}

/** The columns that a new row must give. */
export function requiredOf(fields: DataModelFields): readonly string[] {
  const required = fields["required"];
  return isNames(required) ? required : [];
}

/** Whether a value is an array of names. */
export function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === "string");
}
