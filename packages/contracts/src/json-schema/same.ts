import type { JsonValue } from "../primitives/json-object.ts";
import { hasType } from "./has-type.ts";

/** JSON values that are the same: keys of objects in any order. */
export function same(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = new Map<string, JsonValue>(Object.entries(a));
  const right = new Map<string, JsonValue>(Object.entries(b));
  if (left.size !== right.size) return false;
  return [...left].every(([key, value]) => right.has(key) && same(value, right.get(key)));
}

/** Whether an item is there twice. Where items have a plain type, those of another one are not compared: they are wrong anyway. */
export function hasTwice(itemType: JsonValue | undefined, list: readonly JsonValue[]): boolean {
  const types = Array.isArray(itemType) ? itemType : itemType === undefined ? [] : [itemType];
  const isPlain = types.length > 0 && !types.includes("object") && !types.includes("array");
  if (isPlain) {
    const compared = list.filter((item) => hasType(types, item));
    return new Set(compared).size < compared.length;
  }
  return list.some((item, at) => list.slice(0, at).some((other) => same(item, other)));
}
