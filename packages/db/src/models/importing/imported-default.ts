import { type JsonObject, type JsonValue, type PostgresType } from "@waybill/contracts";
import type { Term } from "./term.ts";

/** Functions that a model knows by name; `CURRENT_TIMESTAMP` is `now()`. */
const expressions: Readonly<Record<string, string>> = {
  gen_random_uuid: "gen_random_uuid()",
  now: "now()",
  SVFOP_CURRENT_TIMESTAMP: "now()",
  "auth.uid": "auth.uid()",
};

/** A column's default as a model says it; null where it cannot. */
export function importedDefault(term: Term, type: PostgresType): JsonObject | null {
  if (term.kind === "call") {
    const expression = Object.hasOwn(expressions, term.name) ? expressions[term.name] : undefined;
    return expression === undefined || term.args.length > 0 ? null : { "x-default": expression };
  }
  const value = valueFor(term, type);
  return value === null ? null : { default: value };
}

/** A literal as the JSON value that the column's type stands for. */
function valueFor(term: Term, type: PostgresType): JsonValue {
  switch (type.family) {
    case "json":
      return term.kind === "json" ? term.value : null;
    case "array":
      return term.kind === "list" ? itemsOf(term.items) : null;
    case "boolean":
      return term.kind === "value" && typeof term.value === "boolean" ? term.value : null;
    case "float":
    case "integer":
    case "numeric":
      return term.kind === "value" && typeof term.value === "number" ? term.value : null;
    case "date":
    case "opaque":
    case "text":
    case "timestamptz":
    case "timetz":
    case "uuid":
      break;
  }
  return term.kind === "value" && typeof term.value === "string" ? term.value : null;
}

function itemsOf(terms: readonly Term[]): JsonValue {
  const items = terms.flatMap((term) => (term.kind === "value" ? [term.value] : []));
  return items.length === terms.length ? items : null;
}
