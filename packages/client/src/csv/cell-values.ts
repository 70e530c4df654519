import { columnStorage, type JsonValue, type ModelDefinition } from "@waybill/contracts";

/** Reads a cell as its column's type. Undefined where the cell is empty and the column is no text. */
export type ReadCell = (cell: string) => { readonly value: JsonValue | undefined } | { readonly fault: string };

const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** How the cells of a model's column are read; null where it has no such column. */
export function cellReader({ fields }: ModelDefinition, column: string): ReadCell | null {
  if (!Object.hasOwn(fields.properties, column)) return null;
  const storage = columnStorage(fields, column);
  const types = storage.ok ? storage.json : null;
  const has = (type: "string" | "boolean" | "integer" | "number"): boolean => types?.has(type) === true;
  if (types === null) return notEmpty(asJson);
  if (has("string")) return types.has("null") ? notEmpty((cell) => ({ value: cell })) : (cell) => ({ value: cell });
  if (has("number") || has("integer")) return notEmpty(asNumber);
  return notEmpty(has("boolean") ? asBoolean : asJson);
}

/** An empty cell is a value that is not given: a default takes its place, or none. */
function notEmpty(read: ReadCell): ReadCell {
  return (cell) => (cell === "" ? { value: undefined } : read(cell));
}

function asNumber(cell: string): ReturnType<ReadCell> {
  const value = Number(cell);
  return number.test(cell) && Number.isFinite(value) ? { value } : { fault: "must be a number" };
}

function asBoolean(cell: string): ReturnType<ReadCell> {
  const word = cell.toLowerCase();
  return word === "true" || word === "false" ? { value: word === "true" } : { fault: "must be true or false" };
}

function asJson(cell: string): ReturnType<ReadCell> {
  try {
    const value: JsonValue = JSON.parse(cell);
    return { value };
  } catch {
    return { fault: "must be JSON" };
  }
}
