import { isJsonObject, type JsonObject, type JsonValue } from "../primitives/json-object.ts";

/** A schema inside a schema, and where it stands. */
export interface Subschema {
  readonly schema: JsonObject;
  readonly path: readonly string[];
  /** False for `$defs`: a definition counts only where a `$ref` uses it. */
  readonly applied: boolean;
}

const single = ["additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then"];
const singleUnevaluated = ["unevaluatedItems", "unevaluatedProperties", "contentSchema"];
const lists = ["allOf", "anyOf", "oneOf", "prefixItems"];
const maps = ["$defs", "dependentSchemas", "patternProperties", "properties"];

/** The schemas that stand directly in a schema, by the keywords of draft 2020-12. Data (enum, const, …) is none. */
export function subschemasOf(schema: JsonObject, path: readonly string[]): Subschema[] {
  const found: Subschema[] = [];
  const add = (value: JsonValue | undefined, at: readonly string[], applied = true): void => {
    if (isJsonObject(value)) found.push({ schema: value, path: [...path, ...at], applied });
  };
  for (const keyword of [...single, ...singleUnevaluated]) add(schema[keyword], [keyword]);
  for (const keyword of lists) {
    const list = schema[keyword];
    if (Array.isArray(list)) for (const [index, value] of list.entries()) add(value, [keyword, String(index)]);
  }
  for (const keyword of maps) {
    const map = schema[keyword];
    if (isJsonObject(map))
      for (const [name, value] of Object.entries(map)) add(value, [keyword, name], keyword !== "$defs");
  }
  return found;
}

/** What a local `$ref` (`#/$defs/x`) points at; null when that is no schema of this document. */
export function resolveRef(root: JsonObject, ref: string): JsonObject | null {
  if (!ref.startsWith("#/")) return null;
  let at: JsonValue | undefined = root;
  for (const part of ref.slice(2).split("/")) at = step(at, part);
  return isJsonObject(at) ? at : null;
}

function step(at: JsonValue | undefined, part: string): JsonValue | undefined {
  if (at === undefined || at === null || typeof at !== "object") return undefined;
  const key = decode(part);
  if (Array.isArray(at)) return /^\d+$/.test(key) ? at[Number(key)] : undefined;
  return isJsonObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    return part;
  }
}
