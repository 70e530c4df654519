import type { Change, JsonObject, JsonValue } from "../primitives.ts";
import type { DataModelFields } from "./fields.ts";

const rank = { patch: 0, minor: 1, major: 2 } as const;

function greater(a: Change, b: Change): Change {
  return rank[a] >= rank[b] ? a : b;
}

/** Keywords that describe and decide nothing about which rows are valid. */
const annotations = new Set(["$comment", "$schema", "default", "deprecated", "description", "examples", "title"]);

const upperLimits = new Set(["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"]);
const lowerLimits = new Set(["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"]);

/**
 * What a change of a model's fields asks of its version: `major` when a row or a caller that was right before may be
 * wrong after it (a column gone, a value refused, a column newly required), `minor` when something was only added or
 * allowed, else `patch`. What cannot be told is taken as breaking.
 */
export function classifyChange(previous: DataModelFields, next: DataModelFields): Change {
  return classifySchema(previous, next);
}

function classifySchema(previous: JsonValue | undefined, next: JsonValue | undefined): Change {
  if (!isRecord(previous) || !isRecord(next)) return isSame(previous, next) ? "patch" : "major";
  const keywords = new Set([...Object.keys(previous), ...Object.keys(next)]);
  let change: Change = "patch";
  for (const keyword of keywords) change = greater(change, classifyKeyword(keyword, previous[keyword], next[keyword]));
  return change;
}

function classifyKeyword(keyword: string, before: JsonValue | undefined, after: JsonValue | undefined): Change {
  if (annotations.has(keyword) || isSame(before, after)) return "patch";
  if (keyword === "properties") return classifyMap(before ?? {}, after ?? {}, "minor");
  if (keyword === "$defs") return classifyMap(before ?? {}, after ?? {}, "patch");
  if (keyword === "items") return classifySchema(before, after);
  if (keyword === "type") return isWider(typesOf(before), typesOf(after)) ? "minor" : "major";
  if (keyword === "required") return isWider(listOf(after), listOf(before)) ? "minor" : "major";
  if (keyword === "x-primary-key" || keyword === "x-pg") return "major";
  if (keyword === "enum") return classifyEnum(before, after);
  if (upperLimits.has(keyword) || lowerLimits.has(keyword)) return classifyLimit(keyword, before, after);
  // A rule that falls away refuses nothing that it took before.
  return after === undefined && isPlainRule(keyword) ? "minor" : "major";
}

function isPlainRule(keyword: string): boolean {
  return ["pattern", "format", "const", "multipleOf", "uniqueItems", "additionalProperties"].includes(keyword);
}

function classifyEnum(before: JsonValue | undefined, after: JsonValue | undefined): Change {
  if (after === undefined) return "minor";
  return before !== undefined && isWider(listOf(before), listOf(after)) ? "minor" : "major";
}

function classifyLimit(keyword: string, before: JsonValue | undefined, after: JsonValue | undefined): Change {
  if (after === undefined) return "minor";
  if (typeof before !== "number" || typeof after !== "number") return "major";
  const relaxed = upperLimits.has(keyword) ? after > before : after < before;
  return relaxed ? "minor" : "major";
}

function classifyMap(before: JsonValue | undefined, after: JsonValue | undefined, added: Change): Change {
  if (!isRecord(before) || !isRecord(after)) return "major";
  let change: Change = "patch";
  for (const [name, schema] of Object.entries(before)) {
    change = greater(change, Object.hasOwn(after, name) ? classifySchema(schema, after[name]) : "major");
  }
  return Object.keys(after).some((name) => !Object.hasOwn(before, name)) ? greater(change, added) : change;
}

/** Type names, `number` spelled out with `integer`, which it includes. */
function typesOf(type: JsonValue | undefined): ReadonlySet<string> {
  if (type === undefined)
    return new Set(["array", "boolean", "integer", "null", "number", "object", "string"].map(canonical));
  const names = new Set(listOf(Array.isArray(type) ? type : [type]));
  if (names.has(canonical("number"))) names.add(canonical("integer"));
  return names;
}

function listOf(value: JsonValue | undefined): ReadonlySet<string> {
  return new Set(Array.isArray(value) ? value.map(canonical) : []);
}

function isWider(before: ReadonlySet<string>, after: ReadonlySet<string>): boolean {
  return [...before].every((name) => after.has(name));
}

function isSame(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonical(a) === canonical(b);
}

/** JSON text with keys in order, so that equal values have equal texts. */
function canonical(value: JsonValue): string {
  return JSON.stringify(value, (_key, part: JsonValue) =>
    isRecord(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

function isRecord(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
