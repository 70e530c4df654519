import type { DataModelFields, JsonObject, JsonValue } from "@waybill/contracts";

/** What a column holds, as far as its model tells. */
export interface ColumnType {
  /** Types of JSON Schema; null where the model declares none, and any value may fit. */
  readonly types: readonly string[] | null;
  /** Its Postgres type where the model names one, in lower case. */
  readonly pg: string | null;
  readonly format: string | null;
}

export function columnType(fields: DataModelFields, column: string): ColumnType {
  const schema = Object.hasOwn(fields.properties, column) ? fields.properties[column] : undefined;
  const type = schema?.["type"];
  return {
    types: typeof type === "string" ? [type] : Array.isArray(type) ? type.filter(isText) : null,
    pg: textOf(schema, "x-pg")?.toLowerCase() ?? null,
    format: textOf(schema, "format"),
  };
}

/** The types of JSON Schema that a JavaScript value may stand for. */
const jsonTypes: Readonly<Record<string, readonly string[]>> = {
  string: ["string"],
  number: ["number", "integer"],
  boolean: ["boolean"],
};

export function fits(types: readonly string[], value: JsonValue): boolean {
  if (value === null) return true;
  if (typeof value === "number" && !Number.isInteger(value)) return types.includes("number");
  return (jsonTypes[typeof value] ?? []).some((type) => types.includes(type));
}

const inexactTypes = /^(?:bigint|int8|numeric|decimal|jsonb?)\b/;

/** Whether JSON brings the column's values as they are: `numeric` and `bigint` hold what is no double, any JSON is no text. */
export function isExactInJson({ types, pg }: ColumnType): boolean {
  if (pg !== null) return !inexactTypes.test(pg);
  return types !== null && !types.includes("number") && !types.includes("integer");
}

/** Formats whose columns are of a type of their own in Postgres, which has no patterns. */
const formatsOfOtherTypes: ReadonlySet<string> = new Set([
  "uuid",
  "date",
  "time",
  "date-time",
  "duration",
  "ipv4",
  "ipv6",
]);
const textTypes = /^(?:text|citext|name|varchar|character varying|character|char|bpchar)(?:\(\d+\))?$/;

/** Whether patterns can be held against the column. */
export function isTextual({ types, pg, format }: ColumnType): boolean {
  if (types?.includes("string") === false) return false;
  return pg === null ? !formatsOfOtherTypes.has(format ?? "") : textTypes.test(pg);
}

/** Whether the column is said to hold JSON as it is. */
export function isJson({ pg }: ColumnType): boolean {
  return pg === "jsonb" || pg === "json";
}

/** Whether the column is an array of Postgres, and no JSON. */
export function isPostgresArray({ pg }: ColumnType): boolean {
  return pg?.endsWith("[]") === true;
}

/** Whether what the column holds has parts. Undefined where the model does not tell. */
export function hasParts({ types }: ColumnType): boolean | undefined {
  return types === null ? undefined : types.some((type) => type === "array" || type === "object");
}

function textOf(schema: JsonObject | undefined, keyword: string): string | null {
  const value = schema?.[keyword];
  return typeof value === "string" ? value : null;
}

function isText(value: JsonValue): value is string {
  return typeof value === "string";
}
