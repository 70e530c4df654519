import { isJsonObject, type JsonObject, type JsonValue } from "@waybill/contracts";
import { expressionTree } from "../expression.ts";
import { exactNumber } from "./exact-number.ts";

/** What an expression that Postgres has written means, without the casts that change no value. */
export type Term =
  | { readonly kind: "column"; readonly name: string; readonly cast: string | null }
  | { readonly kind: "value"; readonly value: string | number | boolean }
  | { readonly kind: "json"; readonly value: JsonValue }
  | { readonly kind: "list"; readonly items: readonly Term[] }
  /** A function by its plain name, or an operator. */
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Term[] }
  | { readonly kind: "all" | "any"; readonly of: readonly Term[] }
  | { readonly kind: "other" };

const other: Term = { kind: "other" };

/** Reads an expression of the catalog; what is not of these few forms is `other`. */
export async function readTerm(text: string): Promise<Term> {
  return termOf(await expressionTree(text));
}

function termOf(node: JsonValue | null | undefined): Term {
  if (!isJsonObject(node)) return other;
  const [[kind, body] = ["", null]] = Object.entries(node);
  if (!isJsonObject(body)) return other;
  switch (kind) {
    case "A_Const":
      return constant(body);
    case "ColumnRef": {
      const [name, more] = names(body["fields"]);
      return name === undefined || more !== undefined ? other : { kind: "column", name, cast: null };
    }
    case "TypeCast":
      return castOf(body);
    case "A_ArrayExpr":
      return { kind: "list", items: list(body["elements"]).map(termOf) };
    case "BoolExpr": {
      const of = list(body["args"]).map(termOf);
      if (body["boolop"] === "AND_EXPR") return { kind: "all", of };
      return body["boolop"] === "OR_EXPR" ? { kind: "any", of } : other;
    }
    case "A_Expr":
      return operation(body);
    case "FuncCall":
      return { kind: "call", name: functionName(body), args: list(body["args"]).map(termOf) };
    case "NullTest": {
      const name = body["nulltesttype"] === "IS_NULL" ? "is null" : "is not null";
      return { kind: "call", name, args: [termOf(body["arg"])] };
    }
    case "SQLValueFunction":
      return typeof body["op"] === "string" ? { kind: "call", name: body["op"], args: [] } : other;
    default:
      return other;
  }
}

/** `auth.uid` with its schema, and what is Postgres' own without. */
function functionName(body: JsonObject): string {
  const [first = "", second] = names(body["funcname"]);
  if (second === undefined) return first;
  return first === "pg_catalog" ? second : `${first}.${second}`;
}

function operation(body: JsonObject): Term {
  const [name, more] = names(body["name"]);
  const isKnown = body["kind"] === "AEXPR_OP" || body["kind"] === "AEXPR_OP_ANY";
  if (!isKnown || name === undefined || more !== undefined || body["lexpr"] === undefined) return other;
  const args = [termOf(body["lexpr"]), termOf(body["rexpr"])];
  return { kind: "call", name: body["kind"] === "AEXPR_OP" ? name : `${name} any`, args };
}

function constant(body: JsonObject): Term {
  // The parser leaves out what is zero, false or empty.
  const { ival, fval, sval, boolval } = body;
  if (isJsonObject(ival)) return { kind: "value", value: typeof ival["ival"] === "number" ? ival["ival"] : 0 };
  if (isJsonObject(fval)) return typeof fval["fval"] === "string" ? numberOf(fval["fval"]) : other;
  if (isJsonObject(sval)) return { kind: "value", value: typeof sval["sval"] === "string" ? sval["sval"] : "" };
  return isJsonObject(boolval) ? { kind: "value", value: boolval["boolval"] === true } : other;
}

function numberOf(text: string): Term {
  const value = exactNumber(text);
  return value === null ? other : { kind: "value", value };
}

const integers = new Set(["int2", "int4", "int8"]);
const fractions = new Set(["numeric", "float4", "float8"]);
/** Their literals are kept as they are written. */
const asText = new Set(["text", "varchar", "date", "uuid", "timestamptz", "timetz", "time", "timestamp"]);
const infinities = new Set(["Infinity", "-Infinity"]);

function castOf(body: JsonObject): Term {
  const type = isJsonObject(body["typeName"]) ? body["typeName"] : {};
  const name = names(type["names"]).at(-1) ?? "";
  const inner = termOf(body["arg"]);
  const isList = type["arrayBounds"] !== undefined;
  if (inner.kind === "value" && isList) return typeof inner.value === "string" ? arrayOf(inner.value, name) : other;
  if (inner.kind === "list") return isList ? inner : other;
  if (isList) return other;
  // `varchar(3)` and `numeric(4,1)` cut and round
  if (type["typmods"] !== undefined && inner.kind !== "value") return other;
  if (inner.kind === "column") return inner.cast === null ? { ...inner, cast: name } : other;
  return inner.kind === "value" ? castValue(inner.value, name) : other;
}

/** `{a,b}` of plain words; numbers and dates would have to be read first. */
function arrayOf(text: string, type: string): Term {
  if (text === "{}") return { kind: "list", items: [] };
  if (!asText.has(type) || !/^\{[^{}"\\\s]+\}$/.test(text)) return other;
  const items = text.slice(1, -1).split(",");
  if (items.some((item) => /^(?:null)?$/i.test(item))) return other;
  return { kind: "list", items: items.map((value) => ({ kind: "value", value })) };
}

function castValue(value: string | number | boolean, type: string): Term {
  if (typeof value === "number") {
    const isExact = fractions.has(type) || (integers.has(type) && Number.isInteger(value));
    return isExact ? { kind: "value", value } : other;
  }
  if (typeof value === "boolean") return type === "bool" ? { kind: "value", value } : other;
  if (asText.has(type)) return { kind: "value", value };
  if (type === "bool") return { kind: "value", value: value === "t" || value === "true" };
  if (type === "json" || type === "jsonb") return jsonOf(value);
  if (integers.has(type)) return numberOf(value);
  if (!fractions.has(type)) return other;
  return infinities.has(value) ? { kind: "value", value } : numberOf(value);
}

function jsonOf(text: string): Term {
  try {
    const value: JsonValue = JSON.parse(text);
    return { kind: "json", value };
  } catch {
    return other;
  }
}

function list(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function names(value: JsonValue | undefined): string[] {
  return list(value).flatMap((item) => {
    const text = isJsonObject(item) ? item["String"] : undefined;
    const name = isJsonObject(text) ? text["sval"] : undefined;
    return typeof name === "string" ? [name] : [];
  });
}
