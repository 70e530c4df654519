import { canonicalJson } from "../primitives/canonical-json.ts";
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

/** The values of an `enum`, ready to be looked up. */
interface Allowed {
  readonly plain: ReadonlySet<JsonValue>;
  readonly texts: ReadonlySet<string>;
}
const known = new WeakMap<readonly JsonValue[], Allowed>();

/** Whether a value is one of an `enum`: looked up, for a list may hold as many values as its sender likes. */
export function isAmong(allowed: readonly JsonValue[], value: JsonValue): boolean {
  let ready = known.get(allowed);
  if (ready === undefined) {
    const isPlain = (one: JsonValue) => typeof one !== "object" || one === null;
    const compound = allowed.filter((one) => !isPlain(one));
    ready = { plain: new Set(allowed.filter(isPlain)), texts: new Set(compound.map(canonicalJson)) };
    known.set(allowed, ready);
  }
  if (typeof value !== "object" || value === null) return ready.plain.has(value);
  return ready.texts.size > 0 && ready.texts.has(canonicalJson(value));
}

/** Whether an item is there twice. Where items have a plain type, those of another one are not compared: they are wrong anyway. */
export function hasTwice(itemType: JsonValue | undefined, list: readonly JsonValue[]): boolean {
  const types = Array.isArray(itemType) ? itemType : itemType === undefined ? [] : [itemType];
  const isPlain = types.length > 0 && !types.includes("object") && !types.includes("array");
  if (isPlain) {
    const compared = list.filter((item) => hasType(types, item));
    return new Set(compared).size < compared.length;
  }
  // by their texts, and not each with each: how long the list is, its sender decides
  return new Set(list.map(canonicalJson)).size < list.length;
}
