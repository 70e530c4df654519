import { isJsonObject, type JsonValue } from "./json-object.ts";

/** JSON text with keys in order, so that equal values have equal texts; nothing for what is no JSON. */
export function canonicalJson(value: unknown): string {
  const text: string | undefined = JSON.stringify(value, (_key, part: JsonValue) =>
    isJsonObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
  return text ?? "";
}
