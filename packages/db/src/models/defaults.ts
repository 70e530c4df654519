import {
  columnLayers,
  type DefaultExpression,
  type ErrorIssue,
  type JsonValue,
  layerValues,
  type PostgresType,
} from "@waybill/contracts";
import { compileFields } from "@waybill/contracts/json-schema";
import { quoteLiteral } from "./literals.ts";
import type { ModelShape } from "./model-shape.ts";

export type ColumnDefault = { readonly sql: string | null } | { readonly issue: ErrorIssue };

/** The families that an expression's value fits. */
const expressionFamilies: Readonly<Record<DefaultExpression, string>> = {
  "gen_random_uuid()": "uuid",
  "now()": "timestamptz",
  "auth.uid()": "uuid",
};

function isExpression(value: JsonValue | undefined): value is DefaultExpression {
  return typeof value === "string" && Object.hasOwn(expressionFamilies, value);
}

/** What a column holds when a new row does not say: `default`, as a literal, or `x-default`, one of a few expressions. */
export function columnDefault(shape: ModelShape, column: string, type: PostgresType): ColumnDefault {
  const { fields } = shape.model;
  const [value] = layerValues(columnLayers(fields, column), "default");
  const expression = fields.properties[column]?.["x-default"];
  const fault = (keyword: string, message: string): ColumnDefault => ({
    issue: { field: `fields.properties.${column}.${keyword}`, rule: keyword, message },
  });
  if (expression !== undefined) {
    if (value !== undefined) return fault("x-default", "must be left out where there is a default; keep one of them");
    if (!isExpression(expression)) return fault("x-default", "must be a known expression");
    if (expressionFamilies[expression] === type.family) return { sql: expression };
    return fault("x-default", `must stand at a ${expressionFamilies[expression]} column: this one is ${type.name}`);
  }
  if (value === undefined) return { sql: null };
  const result = compileFields(fields)({ [column]: value }, { partial: true });
  if (!result.ok) {
    const why = result.issues.map(({ message }) => message).join("; ");
    return fault("default", `must be a value that the column takes: it ${why}`);
  }
  if (value === null) return { sql: null };
  const literal = defaultLiteral(value, type);
  return literal === null ? fault("default", `must be plain values for ${type.name}; leave it out`) : { sql: literal };
}

function defaultLiteral(value: JsonValue, type: PostgresType): string | null {
  if (type.family === "json") return `${quoteLiteral(JSON.stringify(value))}::${type.name}`;
  if (type.family === "array") return arrayLiteral(value, type);
  if (typeof value === "string") return `${quoteLiteral(value)}::${type.name}`;
  const text = JSON.stringify(value);
  return type.family === "integer" || typeof value === "boolean" ? text : `${quoteLiteral(text)}::${type.name}`;
}

function arrayLiteral(value: JsonValue, type: PostgresType): string | null {
  if (!Array.isArray(value) || value.some((item) => typeof item === "object")) return null;
  return `array[${value.map((item) => quoteLiteral(String(item))).join(", ")}]::${type.name}`;
}
