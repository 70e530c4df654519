import { columnLayers, columnStorage, type ErrorIssue, hasDefault, jsonTypesOf, requiredOf } from "@waybill/contracts";
import type { ModelShape } from "./model-shape.ts";

/** Columns that no table can hold as the schema says: of no known type, or null where null may not be. */
export function columnFaults(shape: ModelShape): ErrorIssue[] {
  const { fields } = shape.model;
  const required = requiredOf(fields);
  return shape.columns.flatMap((column) => {
    const storage = columnStorage(fields, column);
    const field = `fields.properties.${column}`;
    if (!storage.ok) return [{ field: `${field}.${storage.rule}`, rule: storage.rule, message: storage.message }];
    const layers = columnLayers(fields, column);
    const types = jsonTypesOf(layers);
    const takesNull = types === null || types.has("null");
    if (takesNull && required.includes(column)) {
      const message =
        "must not take null where it is required: a table cannot tell null from a value not given; drop one";
      return [{ field: `${field}.type`, rule: "required", message }];
    }
    if (!shape.key.includes(column)) return [];
    if (takesNull) return [{ field: `${field}.type`, rule: "x-primary-key", message: "must not take null in a key" }];
    if (required.includes(column) || hasDefault(fields, column)) return [];
    const message = `must name ${column}, a column of the key; or give it a default or x-default`;
    return [{ field: "fields.required", rule: "x-primary-key", message }];
  });
}
