import {
  columnLayers,
  columnStorage,
  type ErrorIssue,
  type JsonObject,
  type JsonType,
  type JsonValue,
  layerValues,
  type PostgresType,
  quoteIdentifier,
} from "@waybill/contracts";
import { compileFields, patternTextLimit } from "@waybill/contracts/json-schema";
import { checkedValues } from "./checked-values.ts";
import { quoteLiteral } from "./literals.ts";
import type { ModelShape } from "./model-shape.ts";
import { postgresPattern } from "./pattern.ts";

/** A CHECK for one keyword of one column. */
export interface ColumnCheck {
  readonly column: string;
  readonly keyword: string;
  readonly condition: string;
}

/** A keyword that the database does not hold: the server (and browser) alone refuse what breaks it. */
export interface ServerOnly {
  readonly field: string;
  readonly keyword: string;
  readonly reason: string;
}

export interface ColumnChecks {
  readonly checks: readonly ColumnCheck[];
  readonly serverOnly: readonly ServerOnly[];
  readonly issues: readonly ErrorIssue[];
}

type Outcome =
  | { readonly condition: string }
  | { readonly reason: string }
  | { readonly issue: string }
  | "held"
  | "nothing";

/** What says nothing about a column's values, or is looked through (`columnLayers`) instead of held. */
const passive = new Set(
  `$comment $defs $ref $schema allOf contentEncoding contentMediaType contentSchema default deprecated description
  examples readOnly title type writeOnly x-default x-pg`.split(/\s+/),
);

/** The JSON types that a keyword speaks of; to all others it means nothing. */
const speaksOf: ReadonlyMap<string, readonly JsonType[]> = new Map([
  ...listed("minLength maxLength pattern format", ["string"]),
  ...listed("minimum maximum exclusiveMinimum exclusiveMaximum multipleOf", ["integer", "number"]),
  ...listed("items prefixItems contains minContains maxContains minItems maxItems uniqueItems unevaluatedItems", [
    "array",
  ]),
  ...listed("properties patternProperties additionalProperties propertyNames required minProperties maxProperties", [
    "object",
  ]),
  ...listed("dependentRequired dependentSchemas unevaluatedProperties", ["object"]),
]);

function listed(keywords: string, types: readonly JsonType[]): [string, readonly JsonType[]][] {
  return keywords.split(" ").map((keyword) => [keyword, types]);
}

/** The CHECKs of a column, in the order of their keywords, and the keywords that the database leaves to the server. */
export function columnChecks(shape: ModelShape, column: string): ColumnChecks {
  const { fields } = shape.model;
  const storage = columnStorage(fields, column);
  if (!storage.ok) return { checks: [], serverOnly: [], issues: [] };
  const { type, json } = storage;
  const layers = columnLayers(fields, column);
  const keywords = [...new Set(layers.flatMap((layer) => Object.keys(layer)))].filter((word) => !passive.has(word));
  const validate = compileFields(fields);
  const isValid = (value: JsonValue): boolean => validate({ [column]: value }, { partial: true }).ok;
  const checks: ColumnCheck[] = typeConditions(column, type, json).map((check) => ({ column, ...check }));
  const serverOnly: ServerOnly[] = [];
  const issues: ErrorIssue[] = [];
  for (const keyword of keywords.sort()) {
    const spoken = speaksOf.get(keyword);
    if (spoken !== undefined && json !== null && !spoken.some((name) => json.has(name))) continue;
    const field = `fields.properties.${column}.${keyword}`;
    const outcome = keywordOutcome({ keyword, layers, column, type, isValid });
    if (typeof outcome === "string") continue;
    if ("condition" in outcome) checks.push({ column, keyword, condition: outcome.condition });
    else if ("reason" in outcome) serverOnly.push({ field, keyword, reason: outcome.reason });
    else issues.push({ field, rule: keyword, message: outcome.issue });
  }
  return { checks, serverOnly, issues };
}

/** What a type of Postgres takes beyond the JSON that it stands for: NaN, infinity, days before our era. */
function typeConditions(
  column: string,
  type: PostgresType,
  json: ReadonlySet<JsonType> | null,
): { keyword: string; condition: string }[] {
  const name = quoteIdentifier(column);
  const condition = typeCondition(name, type, json);
  if (condition === null) return [];
  return [{ keyword: type.format === undefined ? "type" : "format", condition }];
}

function typeCondition(name: string, type: PostgresType, json: ReadonlySet<JsonType> | null): string | null {
  switch (type.family) {
    case "integer":
      return type.name === "bigint" ? `${name} between ${type.minimum} and ${type.maximum}` : null;
    case "float":
    case "numeric": {
      const base = type.family === "numeric" ? "numeric" : type.name;
      const finite = `${name} > '-Infinity'::${base} and ${name} < 'Infinity'::${base}`;
      const whole = json !== null && !json.has("number");
      return whole ? `${finite} and ${name} = trunc(${name})` : finite;
    }
    case "timestamptz":
      return `extract(year from ${name} at time zone 'UTC') between 1 and 9999`;
    case "date":
      return `extract(year from ${name}) between 1 and 9999`;
    case "timetz":
      return `extract(hour from ${name}) < 24`;
    case "json":
      return jsonCondition(name, type, json);
    case "array":
    case "boolean":
    case "opaque":
    case "text":
    case "uuid":
      break;
  }
  return null;
}

function jsonCondition(name: string, type: PostgresType, json: ReadonlySet<JsonType> | null): string | null {
  if (json === null) return null;
  const names = new Set([...json].map((word) => (word === "integer" ? "number" : word)));
  const list = [...names]
    .filter((word) => word !== "null")
    .sort()
    .map(quoteLiteral);
  return `${type.name}_typeof(${name}) in (${list.join(", ")})`;
}

interface Asked {
  readonly keyword: string;
  readonly layers: readonly JsonObject[];
  readonly column: string;
  readonly type: PostgresType;
  readonly isValid: (value: JsonValue) => boolean;
}

function keywordOutcome(asked: Asked): Outcome {
  switch (asked.keyword) {
    case "enum":
    case "const":
      return listOutcome(asked);
    case "minLength":
    case "maxLength":
    case "pattern":
      return textOutcome(asked);
    case "format":
      return formatOutcome(asked);
    case "minimum":
    case "maximum":
    case "exclusiveMinimum":
    case "exclusiveMaximum":
      return limitOutcome(asked);
    case "multipleOf":
      return multipleOutcome(asked);
    default:
      return { reason: "no CHECK says it simply" };
  }
}

const comparisons = { minimum: ">=", maximum: "<=", exclusiveMinimum: ">", exclusiveMaximum: "<" } as const;

function isLimit(keyword: string): keyword is keyof typeof comparisons {
  return Object.hasOwn(comparisons, keyword);
}

function numbersOf(asked: Asked): readonly number[] {
  return layerValues(asked.layers, asked.keyword).filter((value) => typeof value === "number");
}

function limitOutcome(asked: Asked): Outcome {
  if (asked.type.family === "json") return { reason: "the value is inside of JSON" };
  if (!isLimit(asked.keyword)) return "nothing";
  const operator = comparisons[asked.keyword];
  const name = quoteIdentifier(asked.column);
  // A limit of a real is rounded as its values are.
  const cast = asked.type.name === "real" ? "::real" : "";
  const literal = (limit: number) => (cast === "" ? `${limit}` : `'${limit}'${cast}`);
  return { condition: all(numbersOf(asked).map((limit) => `${name} ${operator} ${literal(limit)}`)) };
}

function multipleOutcome(asked: Asked): Outcome {
  const divisors = numbersOf(asked);
  const exact = asked.type.family === "integer" && divisors.every((divisor) => Number.isSafeInteger(divisor));
  if (!exact) return { reason: "the server divides doubles, which Postgres would not do alike" };
  return { condition: all(divisors.map((divisor) => `${quoteIdentifier(asked.column)} % ${divisor} = 0`)) };
}

function textOutcome(asked: Asked): Outcome {
  const { keyword, type, column } = asked;
  if (type.family === "json") return { reason: "the text is inside of JSON" };
  if (type.family !== "text") return keepsNoText(type);
  const name = quoteIdentifier(column);
  if (keyword !== "pattern") {
    const operator = keyword === "minLength" ? ">=" : "<=";
    return { condition: all(numbersOf(asked).map((limit) => `char_length(${name}) ${operator} ${limit}`)) };
  }
  const patterns = layerValues(asked.layers, keyword).filter((value) => typeof value === "string");
  const translated = patterns.map(postgresPattern);
  if (translated.includes(null)) return { reason: "Postgres would not read this pattern alike, or not for certain" };
  const matches = translated.map((pattern) => `${name} ~ ${quoteLiteral(pattern ?? "")}`);
  return { condition: all([`char_length(${name}) <= ${patternTextLimit}`, ...matches]) };
}

function keepsNoText(type: PostgresType): Outcome {
  return {
    issue: `must be left out: a ${type.name} keeps the value, not how it was written; keep the text itself with x-pg: text`,
  };
}

function formatOutcome(asked: Asked): Outcome {
  const formats = layerValues(asked.layers, "format");
  if (asked.type.family === "json") return { reason: "the text is inside of JSON" };
  if (formats.every((format) => format === asked.type.format)) return "held";
  return { reason: `a ${asked.type.name} takes other text too` };
}

function listOutcome(asked: Asked): Outcome {
  const { keyword, layers, type, isValid } = asked;
  const lists = layerValues(layers, keyword).map((value) =>
    keyword === "enum" && Array.isArray(value) ? value : [value],
  );
  const [first = []] = lists;
  // The server decides which of them are possible at all: what breaks another rule is in no row.
  const values = first.filter((value) => value !== null && isValid(value));
  if (values.length === 0)
    return { issue: "must have a value that the column's other rules take; correct one of them" };
  const checked = checkedValues(asked.column, type, values);
  return checked === null ? keepsNoText(type) : { condition: checked };
}

function all(conditions: readonly string[]): string {
  return conditions.join(" and ");
}
