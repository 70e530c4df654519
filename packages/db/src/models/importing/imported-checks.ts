import type { JsonValue, PostgresType } from "@waybill/contracts";
import { patternTextLimit } from "@waybill/contracts/json-schema";
import { importedPattern } from "./imported-pattern.ts";
import type { Term } from "./term.ts";

/** What a part of a CHECK says of one column. */
export type Finding =
  | { readonly column: string; readonly keyword: Limit; readonly value: number }
  | { readonly column: string; readonly keyword: "pattern"; readonly value: string }
  | { readonly column: string; readonly keyword: "values"; readonly value: readonly JsonValue[] }
  /** JSON types that a `jsonb` may be. */
  | { readonly column: string; readonly keyword: "types"; readonly value: readonly string[] }
  /** Only whole numbers. */
  | { readonly column: string; readonly keyword: "whole" }
  /** What every column of its type holds anyway in a model's table. */
  | { readonly column: string; readonly keyword: "implied" };

const limits = [
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "minLength",
  "maxLength",
  "multipleOf",
] as const;
export type Limit = (typeof limits)[number];

export type ColumnTypes = ReadonlyMap<string, PostgresType>;

/** All that a CHECK says, when all of it can be said by keywords of its columns; null otherwise. */
export function checkFindings(term: Term, types: ColumnTypes): Finding[] | null {
  const found = parts(term).map((part) => findingsOf(part, types));
  if (found.includes(null)) return null;
  const findings = found.flatMap((list) => list ?? []);
  const isLong = (one: Finding): boolean => one.keyword === "maxLength" && one.value === patternTextLimit;
  // with every pattern goes the limit of the text that it may see
  const own = findings.some(({ keyword }) => keyword === "pattern") ? findings.filter((one) => !isLong(one)) : findings;
  return isSafeRange(own, types) ? own.map(({ column }) => ({ column, keyword: "implied" })) : own;
}

function parts(term: Term): Term[] {
  return term.kind === "all" ? term.of.flatMap(parts) : [term];
}

/** A `bigint` keeps to the integers that JavaScript can hold. */
function isSafeRange(findings: readonly Finding[], types: ColumnTypes): boolean {
  const [low, high, more] = findings;
  if (low?.keyword !== "minimum" || high?.keyword !== "maximum" || more !== undefined) return false;
  const type = types.get(low.column);
  return type?.name === "bigint" && low.value === type.minimum && high.value === type.maximum;
}

function findingsOf(term: Term, types: ColumnTypes): Finding[] | null {
  if (term.kind === "any") return alternatives(term.of, types);
  if (term.kind !== "call") return null;
  const [left, right] = term.args;
  if (left === undefined || right === undefined) return null;
  const flipped = flips[term.name];
  if (flipped !== undefined && left.kind === "value" && right.kind !== "value")
    return compared(right, flipped, left, types);
  return compared(left, term.name, right, types);
}

const flips: Readonly<Record<string, string>> = { ">": "<", "<": ">", ">=": "<=", "<=": ">=", "=": "=", "<>": "<>" };

/** `x is null or …` says what `…` says; `x = 1 or x = 2` is a list. */
function alternatives(of: readonly Term[], types: ColumnTypes): Finding[] | null {
  const nulls = of.flatMap((one) => (one.kind === "call" && one.name === "is null" ? one.args : []));
  const rest = of.filter((one) => !(one.kind === "call" && one.name === "is null"));
  const findings = rest.map((one) => checkFindings(one, types));
  const all = findings.flatMap((list) => list ?? []);
  const [first] = all;
  if (findings.includes(null) || first === undefined) return null;
  const isOfOne = all.every(({ column }) => column === first.column);
  if (!isOfOne || nulls.some((one) => one.kind !== "column" || one.name !== first.column)) return null;
  if (rest.length === 1) return all;
  const values = all.flatMap((one) => (one.keyword === "values" ? one.value : []));
  return all.every(({ keyword }) => keyword === "values")
    ? [{ column: first.column, keyword: "values", value: values }]
    : null;
}

function compared(left: Term, operator: string, right: Term, types: ColumnTypes): Finding[] | null {
  if (left.kind === "column") {
    const type = types.get(left.name);
    return type === undefined || !keepsValue(type, left.cast) ? null : ofColumn(left.name, type, operator, right);
  }
  if (left.kind !== "call") return null;
  const [first, second] = left.args;
  const inner = left.name === "extract" ? second : first;
  const of = columnIn(inner);
  const type = of === null ? undefined : types.get(of.name);
  if (of === null || type === undefined || !keepsValue(type, of.cast)) return null;
  const column = of.name;
  switch (left.name) {
    case "char_length":
    case "character_length":
    case "length":
      return type.family === "text" ? lengths(column, operator, right) : null;
    case "%": {
      const isMultiple = operator === "=" && right.kind === "value" && right.value === 0 && second?.kind === "value";
      const divisor = isMultiple && type.family === "integer" ? second.value : null;
      return typeof divisor === "number" ? [{ column, keyword: "multipleOf", value: divisor }] : null;
    }
    case "extract":
      return isOfCalendar(first, operator, right) ? [{ column, keyword: "implied" }] : null;
    case "jsonb_typeof":
    case "json_typeof": {
      const names = valuesOf(operator, right)?.filter((value) => typeof value === "string");
      return names === undefined ? null : [{ column, keyword: "types", value: names }];
    }
    default:
      return null;
  }
}

/** The column that a function is asked of, through `at time zone 'UTC'`. */
function columnIn(term: Term | undefined): Extract<Term, { kind: "column" }> | null {
  if (term?.kind === "column") return term;
  if (term?.kind !== "call" || term.name !== "timezone") return null;
  const [zone, inner] = term.args;
  return zone?.kind === "value" && zone.value === "UTC" && inner?.kind === "column" ? inner : null;
}

function isOfCalendar(part: Term | undefined, operator: string, right: Term): boolean {
  if (part?.kind !== "value" || right.kind !== "value") return false;
  const said = `${part.value} ${operator} ${right.value}`;
  return ["year >= 1", "year <= 9999", "hour < 24"].includes(said);
}

const widening: Readonly<Record<string, readonly string[]>> = {
  text: ["text", "varchar"],
  integer: ["int4", "int8", "numeric", "float8"],
  float: ["float8"],
  numeric: ["numeric"],
  json: ["jsonb"],
};

/** Whether a cast of a column leaves its value as it is. */
function keepsValue(type: PostgresType, cast: string | null): boolean {
  return cast === null || (widening[type.family]?.includes(cast) ?? false);
}

const comparisons: Readonly<Record<string, Limit>> = {
  ">=": "minimum",
  "<=": "maximum",
  ">": "exclusiveMinimum",
  "<": "exclusiveMaximum",
};

function ofColumn(column: string, type: PostgresType, operator: string, right: Term): Finding[] | null {
  const isNumber = ["integer", "float", "numeric"].includes(type.family);
  const keyword = comparisons[operator];
  if (keyword !== undefined) {
    if (!isNumber || right.kind !== "value") return null;
    const { value } = right;
    if (value === "-Infinity" || value === "Infinity") {
      return (value === "Infinity") === (operator === "<") ? [{ column, keyword: "implied" }] : null;
    }
    return typeof value === "number" ? [{ column, keyword, value }] : null;
  }
  if (operator === "<>") {
    const isEmpty = type.family === "text" && right.kind === "value" && right.value === "";
    return isEmpty ? [{ column, keyword: "minLength", value: 1 }] : null;
  }
  if (operator === "~") {
    const pattern = type.family === "text" && right.kind === "value" ? importedPattern(String(right.value)) : null;
    return pattern === null ? null : [{ column, keyword: "pattern", value: pattern }];
  }
  if (operator === "=" && isTruncated(column, right)) return isNumber ? [{ column, keyword: "whole" }] : null;
  const values = valuesOf(operator, right);
  return values === null ? null : [{ column, keyword: "values", value: values }];
}

function isTruncated(column: string, term: Term): boolean {
  if (term.kind !== "call" || term.name !== "trunc") return false;
  const [inner, more] = term.args;
  return inner?.kind === "column" && inner.name === column && more === undefined;
}

function lengths(column: string, operator: string, right: Term): Finding[] | null {
  if (right.kind !== "value" || typeof right.value !== "number" || !Number.isInteger(right.value)) return null;
  const { value } = right;
  const least = (limit: number): Finding => ({ column, keyword: "minLength", value: limit });
  const most = (limit: number): Finding => ({ column, keyword: "maxLength", value: limit });
  switch (operator) {
    case ">=":
      return [least(value)];
    case ">":
      return [least(value + 1)];
    case "<=":
      return [most(value)];
    case "<":
      return [most(value - 1)];
    case "=":
      return [least(value), most(value)];
    default:
      return null;
  }
}

/** The values of `= …` and `= any (array[…])`. */
function valuesOf(operator: string, right: Term): JsonValue[] | null {
  const terms = operator === "=" ? [right] : operator === "= any" && right.kind === "list" ? right.items : [];
  const values = terms.flatMap((term) => (term.kind === "value" || term.kind === "json" ? [term.value] : []));
  return terms.length === 0 || values.length < terms.length ? null : values;
}
