import { type JsonValue, type PostgresType, quoteIdentifier } from "@waybill/contracts";
import { quoteLiteral } from "./literals.ts";

/** The condition that a column has one of the values; null where its type does not keep what the server compares. */
export function checkedValues(column: string, type: PostgresType, values: readonly JsonValue[]): string | null {
  const name = quoteIdentifier(column);
  if (!["boolean", "date", "float", "integer", "json", "numeric", "text"].includes(type.family)) return null;
  const literals = values.map((value) => checkedLiteral(value, type));
  const left = type.name === "json" ? `${name}::jsonb` : name;
  return literals.length === 1 ? `${left} = ${literals.join("")}` : `${left} in (${literals.join(", ")})`;
}

function checkedLiteral(value: JsonValue, type: PostgresType): string {
  if (type.family === "json") return `${quoteLiteral(JSON.stringify(value))}::jsonb`;
  if (type.family === "date") return `${quoteLiteral(textOf(value))}::date`;
  if (type.name === "real") return `${quoteLiteral(textOf(value))}::real`;
  return typeof value === "string" ? quoteLiteral(value) : textOf(value);
}

function textOf(value: JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
