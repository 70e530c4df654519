import { canonicalJson, type Change, isJsonObject, type JsonObject, type JsonValue } from "../primitives.ts";
import { columnsOf, type DataModelFields } from "./fields.ts";
import { hasDefault, nullableColumns } from "./held-fields.ts";

const rank = { patch: 0, minor: 1, major: 2 } as const;

function greater(a: Change, b: Change): Change {
  return rank[a] >= rank[b] ? a : b;
}

/** Keywords that describe and decide nothing about which rows are valid. */
const annotations = new Set([
  "$comment",
  "$schema",
  "default",
  "deprecated",
  "description",
  "examples",
  "title",
  "x-default",
]);

const upperLimits = new Set(["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"]);
const lowerLimits = new Set(["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"]);

/**
 * What a change of a model's fields asks of its version: `major` when a row or a caller that was right before may be
 * wrong after it (a column gone, a value refused, a column newly required), `minor` when something was only added or
 * allowed, else `patch`. What cannot be told is taken as breaking.
 */
export function classifyChange(previous: DataModelFields, next: DataModelFields): Change {
  const { properties, $defs, ...rest } = previous;
  const { properties: columns, $defs: definitions, ...others } = next;
  const refs = hasTurnedRef(next, false);
  return [
    // A column that is new cannot have been in a row: unknown ones are refused.
    classifyMap(properties, columns, () => "minor", refs),
    classifyMap($defs ?? {}, definitions ?? {}, () => "patch", refs),
    classifySchema(rest, others),
    ...columnsOf(next).map((column) => classifyDefault(previous, next, column)),
  ].reduce(greater);
}

/** A column that was filled in, and must be given from now on. */
function classifyDefault(previous: DataModelFields, next: DataModelFields, column: string): Change {
  const isLost = hasDefault(previous, column) && !hasDefault(next, column);
  return isLost && !nullableColumns(next).has(column) ? "major" : "patch";
}

function classifySchema(previous: JsonValue | undefined, next: JsonValue | undefined): Change {
  if (!isJsonObject(previous) || !isJsonObject(next)) return isSame(previous, next) ? "patch" : "major";
  const keywords = new Set([...Object.keys(previous), ...Object.keys(next)]);
  let change: Change = "patch";
  for (const keyword of keywords) change = greater(change, classifyKeyword(keyword, previous, next));
  return change;
}

function classifyKeyword(keyword: string, previous: JsonObject, next: JsonObject): Change {
  const [before, after] = [previous[keyword], next[keyword]];
  if (annotations.has(keyword) || isSame(before, after)) return "patch";
  if (keyword === "properties") return classifyMap(before ?? {}, after ?? {}, addedTo(previous));
  if (keyword === "items") return classifySchema(before, after);
  if (keyword === "type") return isWider(typesOf(before), typesOf(after)) ? "minor" : "major";
  if (keyword === "required") return isWider(listOf(after), listOf(before)) ? "minor" : "major";
  if (keyword === "x-primary-key" || keyword === "x-pg") return "major";
  if (keyword === "enum") return classifyEnum(before, after);
  if (upperLimits.has(keyword) || lowerLimits.has(keyword)) return classifyLimit(keyword, before, after);
  // What no other keyword looks at any more is left to this one.
  if (keyword === "additionalProperties" && Object.hasOwn(next, "unevaluatedProperties")) return "major";
  // A rule that falls away refuses nothing that it took before.
  return after === undefined && isPlainRule(keyword) ? "minor" : "major";
}

function isPlainRule(keyword: string): boolean {
  return ["pattern", "format", "const", "multipleOf", "uniqueItems", "additionalProperties"].includes(keyword);
}

/** A property new in an object of a column: the object may have had one of that name, unless it allowed no other. */
function addedTo(object: JsonObject): (schema: JsonValue) => Change {
  const closed = object["additionalProperties"] === false && !Object.hasOwn(object, "patternProperties");
  return (schema) => (closed || classifySchema({}, schema) === "patch" ? "minor" : "major");
}

/** Where a schema that takes more can make the one around it take less. */
const turning = new Set(["contains", "if", "not", "oneOf"]);

function hasTurnedRef(value: JsonValue, turned: boolean): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(
    ([key, part]: [string, JsonValue]) => (turned && key === "$ref") || hasTurnedRef(part, turned || turning.has(key)),
  );
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

function classifyMap(
  before: JsonValue,
  after: JsonValue,
  added: (schema: JsonValue) => Change,
  /** Whether something refers to these schemas in a way that turns "more" into "less". */
  turned = false,
): Change {
  if (!isJsonObject(before) || !isJsonObject(after)) return "major";
  const gone = Object.keys(before).some((name) => !Object.hasOwn(after, name));
  let change: Change = gone ? "major" : "patch";
  for (const [name, schema] of Object.entries(after)) {
    const changed = Object.hasOwn(before, name) ? classifySchema(before[name], schema) : null;
    change = greater(change, turned && changed === "minor" ? "major" : (changed ?? added(schema)));
  }
  return change;
}

/** Type names, `number` spelled out with `integer`, which it includes. */
function typesOf(type: JsonValue | undefined): ReadonlySet<string> {
  if (type === undefined)
    return new Set(["array", "boolean", "integer", "null", "number", "object", "string"].map(canonicalJson));
  const names = new Set(listOf(Array.isArray(type) ? type : [type]));
  if (names.has(canonicalJson("number"))) names.add(canonicalJson("integer"));
  return names;
}

function listOf(value: JsonValue | undefined): ReadonlySet<string> {
  return new Set(Array.isArray(value) ? value.map(canonicalJson) : []);
}

function isWider(before: ReadonlySet<string>, after: ReadonlySet<string>): boolean {
  return [...before].every((name) => after.has(name));
}

function isSame(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonicalJson(a) === canonicalJson(b);
}
