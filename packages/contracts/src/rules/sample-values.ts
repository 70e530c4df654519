import type { DataModelFields } from "../data-model/columns.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../primitives/json-object.ts";
import { followed, typesIn } from "./cel-type.ts";

/** How deep samples of objects and lists go. */
const sampleDepth = 3;

/** Items of the longest sample of a list. */
const sampleItems = 1000;

const formats: Readonly<Record<string, readonly string[]>> = {
  date: ["0001-01-01", "9999-12-31"],
  "date-time": ["0001-01-01T00:00:00Z", "2026-02-28T23:59:59.999+02:00", "9999-12-31T23:59:59Z"],
  duration: ["P1D"],
  email: ["a@example.com"],
  hostname: ["example.com"],
  ipv4: ["203.0.113.7"],
  ipv6: ["2001:db8::1"],
  "json-pointer": ["", "/a"],
  regex: ["^a$"],
  time: ["00:00:00Z", "23:59:59Z"],
  uri: ["https://example.com/"],
  "uri-reference": ["", "/a"],
  uuid: ["0193f2a4-7d1e-7c3a-9b0e-5f6a7b8c9d0e"],
};

/**
 * Values that a schema may take, its edges among them: made without asking whether it does, which is for the caller to
 * find out.
 */
export function sampleValues(fields: DataModelFields, schema: JsonObject, depth = sampleDepth): JsonValue[] {
  const known = followed(fields, schema);
  const listed = ["enum", "examples"].flatMap((keyword) => listOf(known[keyword]).slice(0, 20));
  const own = ["const", "default"].flatMap((keyword) => (known[keyword] === undefined ? [] : [known[keyword]]));
  const types = typesIn(known);
  const made = (types.length === 0 ? ["string", "number", "boolean"] : types).flatMap((type) =>
    ofType(type, fields, known, depth),
  );
  return [null, ...listed, ...own, ...made];
}

function ofType(type: string, fields: DataModelFields, schema: JsonObject, depth: number): JsonValue[] {
  if (type === "boolean") return [true, false];
  if (type === "string") return texts(schema);
  if (type === "array") return lists(fields, schema, depth);
  if (type === "object") return objects(fields, schema, depth);
  return numbers(schema, type === "integer");
}

function numbers(schema: JsonObject, whole: boolean): number[] {
  const step = typeof schema["multipleOf"] === "number" ? schema["multipleOf"] : whole ? 1 : 0.5;
  const edges = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"].flatMap((keyword) => {
    const edge = schema[keyword];
    return typeof edge === "number" ? [edge, edge + step, edge - step] : [];
  });
  const far = whole ? [2_147_483_647, -2_147_483_648] : [1e15, -1e15];
  return [0, step, -step, 1, ...edges, ...edges.map(Math.ceil), ...edges.map(Math.floor), ...far];
}

function texts(schema: JsonObject): string[] {
  const { format, minLength, maxLength } = schema;
  if (typeof format === "string" && formats[format] !== undefined) return [...formats[format]];
  const shortest = typeof minLength === "number" ? minLength : 0;
  const longest = Math.min(typeof maxLength === "number" ? maxLength : shortest + 3, 1000);
  const lengths = [...new Set([shortest, shortest + 1, 2, 3, 4, longest])];
  return ["a", "A", "0", "🛫"].flatMap((letter) => lengths.map((length) => letter.repeat(length)));
}

function lists(fields: DataModelFields, schema: JsonObject, depth: number): JsonValue[] {
  const { items, maxItems } = schema;
  if (depth === 0 || !isJsonObject(items)) return [[]];
  const values = sampleValues(fields, items, depth - 1);
  const most = typeof maxItems === "number" ? Math.min(maxItems, sampleItems) : 3;
  const singles = values.slice(0, 8).map((value) => [value]);
  const full = values.slice(1, 4).map((value) => Array.from({ length: most }, () => value));
  return [[], ...singles, ...full, values.slice(1, 1 + most)];
}

function objects(fields: DataModelFields, schema: JsonObject, depth: number): JsonValue[] {
  const { properties, required } = schema;
  if (depth === 0 || !isJsonObject(properties)) return [{}];
  const values = Object.entries(properties).map(([name, property]): [string, JsonValue[]] => [
    name,
    isJsonObject(property) ? sampleValues(fields, property, depth - 1) : [null],
  ]);
  const nth = (at: number): JsonObject =>
    Object.fromEntries(values.map(([name, samples]) => [name, samples[at % samples.length] ?? null]));
  const needed = listOf(required);
  const least = (at: number): JsonObject =>
    Object.fromEntries(Object.entries(nth(at)).filter(([name]) => needed.includes(name)));
  const places = [0, 1, 2, 3, 4, 5, 6, 7];
  return [{}, ...places.map(nth), ...places.map(least)];
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}
